"""Room for connections: whoever says nothing for longest gives way to who comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, final

import anyio

__all__ = ["Room", "Seat"]

_PATIENCE: Final = 0.1  # seconds until another one gives way, if none of them left


@final
class Seat:
    """The place of one connection.

    Args:
        room: Where it is.
    """

    def __init__(self, room: Room) -> None:
        self._room: Final = room
        self.scope: Final = anyio.CancelScope()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Have its request answered: nobody can make it give way meanwhile."""
        self._room.listening.pop(self, None)
        try:
            yield
        finally:
            self._room.listening[self] = None  # as the one that spoke last


@final
class Room:
    """Keeps the number of connections below a bound, and open to those who have something to say.

    Without it, as many connections as there are places, each slower than the last, would keep out
    everybody else, those who ask how the server is among them.

    Args:
        most: Connections at a time.

    Attributes:
        listening: Those of which a request is awaited, or is arriving, the oldest first.
    """

    def __init__(self, most: int) -> None:
        self._places: Final = anyio.CapacityLimiter(most)
        self.listening: Final[dict[Seat, None]] = {}

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[Seat]:
        """Give a connection a place; the block is left when somebody else needs it more."""
        taken = Seat(self)
        await self._enter(taken)
        self.listening[taken] = None
        try:
            with taken.scope:
                yield taken
        finally:
            self.listening.pop(taken, None)
            self._places.release_on_behalf_of(taken)

    async def _enter(self, seat: Seat) -> None:
        while True:
            try:
                self._places.acquire_on_behalf_of_nowait(seat)
            except anyio.WouldBlock:
                self._make_way()
            else:
                return
            with anyio.move_on_after(_PATIENCE):
                await self._places.acquire_on_behalf_of(seat)
                return

    def _make_way(self) -> None:
        oldest = next(iter(self.listening), None)
        if oldest is not None:
            del self.listening[oldest]
            oldest.scope.cancel()
