"""In which attempts of the steps around it each step of a log is."""

from __future__ import annotations

from typing import Final, final

from ciranda.events import BlockEntered
from ciranda.events.path import is_main, round_of

__all__ = ["Rounds"]


@final
class Rounds:
    """A fold over the blocks that were entered; it keeps those of second and later attempts."""

    __slots__ = ("_attempts",)

    def __init__(self) -> None:
        self._attempts: Final[dict[str, int]] = {}

    def apply(self, event: BlockEntered) -> None:
        """Take in that a block was entered."""
        if is_main(event.block):
            if event.attempt > 1:
                self._attempts[event.path] = event.attempt
            else:
                self._attempts.pop(event.path, None)

    def of(self, path: str) -> str:
        """Return the round of a step, as `Identity.span` takes it; empty for the first."""
        return round_of(path, self._attempts) if self._attempts else ""
