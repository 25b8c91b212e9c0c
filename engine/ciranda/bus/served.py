"""What the bus asks of an observer that has a task of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ciranda.bus.implementation import Implementation
from ciranda.bus.report import ObserverCounts, ObserverFailure
from ciranda.hooks import ObserverMark

__all__ = ["Chain", "MakeServed", "Served"]

Chain = tuple[type, ...]


class Served(Protocol):
    """An observer that is told of events and hands them to its function in its own time."""

    @property
    def implementation(self) -> Implementation:
        """The function."""
        ...

    @property
    def mark(self) -> ObserverMark:
        """What was said about it."""
        ...

    @property
    def full(self) -> bool:
        """Whether a publisher must wait."""
        ...

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting or being handled."""
        ...

    def counts(self) -> ObserverCounts:
        """Return what became of every event so far."""
        ...

    def offer(self, event: Any, chain: Chain) -> None:
        """Take note of an event."""
        ...

    async def room(self) -> None:
        """Wait until one more event fits."""
        ...

    def open(self) -> None:
        """Begin to take events; `serve` must be started at once."""
        ...

    async def serve(self) -> None:
        """Hand events over until `close` has been called and nothing is left, or time is up."""
        ...

    def close(self) -> None:
        """Take no more events and let `serve` finish."""
        ...

    async def settle(self) -> None:
        """Wait until nothing is left; after `drain` seconds give it up."""
        ...


MakeServed = Callable[[Implementation, ObserverMark, Callable[[ObserverFailure], None]], Served]
