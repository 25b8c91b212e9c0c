"""Single flight: many callers of one key, one of whom does the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final, Generic, TypeVar, final

import anyio

__all__ = ["Flights"]

T = TypeVar("T")

# Keys whose work this task, or one it was started from, is doing: asking for such a key again
# would wait for itself.
_leading: Final[ContextVar[frozenset[tuple[int, str]]]] = ContextVar(
    "ciranda_leading", default=frozenset()
)


@final
class _Flight(Generic[T]):
    __slots__ = ("ended", "error", "landed", "result")

    def __init__(self) -> None:
        self.ended: anyio.Event | None = None  # made by the first who waits
        self.landed = False
        self.error: Exception | None = None
        self.result: T

    def end(self) -> None:
        if self.ended is not None:
            self.ended.set()


@final
class Flights(Generic[T]):
    """The work in progress of one engine, by key."""

    __slots__ = ("_aloft",)

    def __init__(self) -> None:
        self._aloft: dict[str, _Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._aloft)

    async def share(self, key: str, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the result of `work`, done by one of all who ask at the same time.

        When the one who works is cancelled, exactly one of the others takes over; when it
        fails, all get that very error. Nothing is remembered afterwards.

        Returns:
            The result, and whether it was this caller who worked.
        """
        while True:
            flight = self._aloft.get(key)
            if flight is None:
                return await self._lead(key, work), True
            if (id(self), key) in _leading.get():
                return await work(), True
            if flight.ended is None:
                flight.ended = anyio.Event()
            await flight.ended.wait()
            if flight.landed:
                return flight.result, False
            if flight.error is not None:
                raise flight.error

    async def _lead(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        flight = self._aloft[key] = _Flight[T]()
        held = _leading.get()
        token = _leading.set(held | {(id(self), key)})
        try:
            result = await work()
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.result = result
            flight.landed = True
            return result
        finally:
            _leading.reset(token)
            del self._aloft[key]
            flight.end()
