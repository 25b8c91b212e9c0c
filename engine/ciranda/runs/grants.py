"""What a limiter granted to the attempts of a run, until it is known what they used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ciranda.events import Event, StepAttemptFailed, StepFailed
from ciranda.runs.retry import kind_matches

if TYPE_CHECKING:
    from ciranda.middleware.limiter import Limiter

__all__ = ["Grants"]

Key = tuple[int, int]

_ASKED: Final = ("rate_limited",)
_LONGEST: Final = 3600.0  # seconds that the other side may keep everybody from starting


class _Grant(NamedTuple):
    at: float
    costs: tuple[int, ...]


@final
class Grants:
    """Takes from a limiter for attempts, and gives back what they did not use.

    Args:
        limiter: Who grants.
    """

    def __init__(self, limiter: Limiter) -> None:
        self.limiter: Final = limiter
        self._words: Final = tuple(name.replace("-", "_") for name in limiter.names)
        self._grants: Final[dict[Key, _Grant]] = {}
        self._heeded: Final[set[Key]] = set()  # asked for a pause, and are not settled yet

    def take(self, key: Key, costs: tuple[int, ...]) -> bool:
        """Take the costs of an attempt now, if they fit."""
        at = self.limiter.try_take(costs)
        if at is None:
            return False
        self._grants[key] = _Grant(at, costs)
        return True

    def settle(self, key: Key, event: Event, *, begun: bool) -> None:
        """Correct the grant of an attempt by how it ended.

        Args:
            key: Whose it is; nothing happens to one that was granted nothing.
            event: How it ended.
            begun: Whether it began.
        """
        self.heed(key, event)
        self._heeded.discard(key)
        grant = self._grants.pop(key, None)
        if grant is None:
            return
        used = self._used(grant.costs, getattr(event, "used", {})) if begun else _none(grant)
        if used != grant.costs:
            self.limiter.settle(grant.at, grant.costs, used)

    def heed(self, key: Key, event: Event) -> None:
        """Pause if an attempt that was granted something failed and its server asks for it."""
        if not isinstance(event, StepAttemptFailed | StepFailed) or key in self._heeded:
            return
        wait = event.error.retry_after
        if wait is None or wait <= 0 or key not in self._grants:
            return
        if kind_matches(event.error.kind, _ASKED):
            self._heeded.add(key)
            self.limiter.pause(self.limiter.now() + min(wait, _LONGEST))

    def _used(self, costs: tuple[int, ...], spent: dict[str, float]) -> tuple[int, ...]:
        if not spent or not self._words:
            return costs
        return tuple(
            max(0, math.ceil(spent[word])) if word in spent else cost
            for word, cost in zip(self._words, costs, strict=True)
        )


def _none(grant: _Grant) -> tuple[int, ...]:
    return (0,) * len(grant.costs)
