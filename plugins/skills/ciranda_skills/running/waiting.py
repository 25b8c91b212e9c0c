"""Whose turn it is: runs wait in line by priority, and by how long they have waited."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, Literal, final

import anyio

from ..format import Skill

__all__ = ["AGEING", "PRIORITIES", "Priority", "Turn", "Turns", "priority_of"]

Priority = Literal["high", "normal", "low"]
PRIORITIES: Final[tuple[Priority, ...]] = ("high", "normal", "low")
AGEING: Final = 10.0
_FIELD: Final = "priority"  # in the metadata of SKILL.md


def priority_of(skill: Skill) -> Priority:
    """Return the priority that a skill asks for itself."""
    wanted = skill.metadata.get(_FIELD, "").lower()
    return next((each for each in PRIORITIES if each == wanted), "normal")


@final
class _Waiter:
    """One who waits."""

    __slots__ = ("event", "gone", "granted")

    def __init__(self) -> None:
        self.event = anyio.Event()
        self.granted = False
        self.gone = False


@final
class Turn:
    """One place among so many, as a context manager; waits for it on the way in."""

    __slots__ = ("_priority", "_turns")

    def __init__(self, turns: Turns, priority: Priority) -> None:
        self._turns = turns
        self._priority = priority

    async def __aenter__(self) -> None:
        if not self._turns.take():
            await self._turns.wait(self._priority)

    async def __aexit__(self, *_: object) -> None:
        self._turns.give_back()


@final
class Turns:
    """So many places, given by priority; nobody is refused, and nobody starves.

    Whoever waits is worth a level more for each `ageing` seconds. So the line is simply sorted by
    the moment of arrival, put off by `ageing` a level: it is overtaken only by those of a higher
    level who come within that time, and within a level the first come are the first served.

    Args:
        places: How many may have their turn at once.
        ageing: Seconds of waiting that make up for one level of priority.
        clock: Seconds; `anyio.current_time` by default.
        crowded: Called when somebody has to wait.
    """

    def __init__(
        self,
        places: int,
        *,
        ageing: float = AGEING,
        clock: Callable[[], float] = anyio.current_time,
        crowded: Callable[[], None] | None = None,
    ) -> None:
        self._free = places
        self._clock = clock
        self._crowded = crowded
        self._behind: Final = {each: ageing * level for level, each in enumerate(PRIORITIES)}
        self._line: list[tuple[float, int, _Waiter]] = []
        self._number = 0
        self._waiting = 0

    @property
    def free(self) -> int:
        """How many places are free."""
        return self._free

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    def turn(self, priority: Priority = "normal") -> Turn:
        """Return a place to hold as a context manager.

        Args:
            priority: Of whoever wants it.
        """
        return Turn(self, priority)

    def take(self) -> bool:
        """Take a place if one is free; tell whether it was."""
        if self._free:  # then nobody waits: places that come free are handed on
            self._free -= 1
            return True
        return False

    async def wait(self, priority: Priority) -> None:
        """Wait in line until it is our turn; a cancellation leaves the line."""
        waiter = _Waiter()
        self._number += 1
        due = self._clock() + self._behind[priority]
        heapq.heappush(self._line, (due, self._number, waiter))
        self._waiting += 1
        try:
            if self._crowded is not None:
                self._crowded()
            await waiter.event.wait()
        except BaseException:
            if waiter.granted:  # just now: whoever is next gets it
                self.give_back()
            else:
                waiter.gone = True
                self._waiting -= 1
                self._tidy()
            raise

    def give_back(self) -> None:
        """Hand our place on to whoever is next, or leave it free."""
        while self._line:
            _, _, waiter = heapq.heappop(self._line)
            if not waiter.gone:
                waiter.granted = True
                self._waiting -= 1
                waiter.event.set()
                return
        self._free += 1

    def _tidy(self) -> None:
        """Forget those who left, once they are most of the line."""
        if len(self._line) > 2 * self._waiting + 16:
            self._line = [each for each in self._line if not each[2].gone]
            heapq.heapify(self._line)
