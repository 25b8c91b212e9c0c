"""Working time: waiting for a worker that others hold is no part of it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from math import inf
from types import TracebackType
from typing import Final, Protocol, Self, final

__all__ = ["METER", "Meter", "Wait", "worked"]


class Meter(Protocol):
    """Whose working time is measured."""

    @property
    def waited(self) -> float:
        """Seconds that were no working time."""

    def stop(self, at_most: float) -> None:
        """Do not count what follows, for so many seconds at most."""

    def go_on(self) -> None:
        """Count again; once for each `stop`."""


METER: Final[ContextVar[Meter | None]] = ContextVar("ciranda_experts_meter", default=None)


@final
class Wait:
    """Waiting for a worker, as a context manager: it ends with the block, or with `end`.

    Where nobody measures it does nothing.

    Args:
        at_most: Seconds after which waiting counts as work.
    """

    def __init__(self, at_most: float = inf) -> None:
        self._at_most: Final = at_most
        self._meter: Meter | None = None

    def __enter__(self) -> Self:
        self._meter = METER.get()
        if self._meter is not None:
            self._meter.stop(self._at_most)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Say that the work begins; again is nothing."""
        meter, self._meter = self._meter, None
        if meter is not None:
            meter.go_on()


def worked() -> float:
    """Return seconds of a steady clock that stands still while one waits for a worker."""
    meter = METER.get()
    return time.monotonic() - (0.0 if meter is None else meter.waited)
