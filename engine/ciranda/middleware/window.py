"""Exact sliding windows as pure arithmetic: how much started within the last `per` seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Final, final

__all__ = ["Reservations", "Window"]


@final
class Window:
    """At most `limit` units in any half-open stretch of `per` seconds.

    Costs are whole units, so that sums never drift; times are seconds on one monotonic clock
    and, once granted, never decrease: who comes later is never granted earlier.
    """

    __slots__ = ("_entries", "_last", "_used", "limit", "per")

    def __init__(self, limit: int, per: float) -> None:
        self.limit: Final = limit
        self.per: Final = per
        self._entries: deque[tuple[float, int]] = deque()  # when its cost is free again, cost
        self._used = 0
        self._last = -inf

    def earliest(self, cost: int, now: float) -> float:
        """Return the first time from `now` on at which `cost` fits; infinity if it never can."""
        # Nothing is granted before the last grant, so what is free by then need not be kept.
        at = now if now >= self._last else self._last  # noqa: FURB136  (asked thrice a decision)
        entries = self._entries
        while entries and entries[0][0] <= at:
            self._used -= entries.popleft()[1]
        excess = self._used + cost - self.limit
        if excess <= 0 or not cost:  # who asks for nothing waits for nothing, whatever is used
            return at
        if cost > self.limit:
            return inf
        for free, held in entries:
            excess -= held
            if excess <= 0:
                return free
        raise AssertionError("an empty window has room for a cost within its limit")

    def take(self, cost: int, at: float) -> None:
        """Count `cost` from the time `at`, which `earliest` returned or which is later."""
        if cost:
            self._entries.append((at + self.per, cost))
            self._used += cost
        self._last = at

    def settle(self, cost: int, used: int, at: float, now: float) -> None:
        """Correct a cost that was taken at `at`.

        What was not used is free at once. What was used beyond the cost counts from `now`, when
        it is told: it was used by then at the latest, and may put off those who come.
        """
        entries, per = self._entries, self.per
        if used > cost:
            # Grants may lie ahead; what counts for longer than it must lets nobody in too early.
            place = bisect_left(entries, (now + per,))
            if place < len(entries):
                free, held = entries[place]
                entries[place] = (free, held + used - cost)
            else:
                entries.append((now + per, used - cost))
            self._used += used - cost
            return
        back, free = cost - used, at + per
        place = bisect_left(entries, (free,)) if back else len(entries)
        while back and place < len(entries) and entries[place][0] == free:
            part = min(back, entries[place][1])
            entries[place] = (free, entries[place][1] - part)
            self._used -= part
            back -= part
            place += 1

    def used(self, now: float) -> int:
        """Return how many units count at `now`; those of grants that lie ahead do not yet."""
        if self._last <= now:
            self.earliest(0, now)
            return self._used
        # Compared as sums, as they were made: a difference could round the wrong way.
        return sum(held for free, held in self._entries if now < free <= now + self.per)

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more."""
        self.earliest(0, now)
        return not self._entries


@final
class Reservations:
    """Windows of several dimensions that are taken from together or not at all.

    Args:
        windows: One for each dimension, such as requests and tokens.

    Attributes:
        ahead: Whether whoever is next in a queue holds a place: here nobody has to.
        notices: Sentences that somebody should read; there are none here.
        paused: Nothing starts before this time.
    """

    __slots__ = ("notices", "paused", "windows")

    ahead: Final = False

    def __init__(self, windows: Sequence[Window]) -> None:
        self.windows: Final = tuple(windows)
        self.paused = -inf
        self.notices: Final[list[str]] = []

    @property
    def limits(self) -> tuple[int, ...]:
        """The limit of each dimension."""
        return tuple(window.limit for window in self.windows)

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now`."""
        if self.paused > now:
            return self.earliest(costs, now)
        for window, cost in zip(self.windows, costs, strict=True):
            if window.earliest(cost, now) > now:
                return self.earliest(costs, now)
        for window, cost in zip(self.windows, costs, strict=True):
            window.take(cost, now)
        return now

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which every dimension fits; infinity if one never can."""
        now = max(now, self.paused)
        # What fits at one time fits at every later one, so the latest of all is the answer.
        at = now
        for window, cost in zip(self.windows, costs, strict=True):
            at = max(at, window.earliest(cost, now))
        return at

    def take(self, costs: Sequence[int], at: float) -> None:
        """Count every dimension's cost from the time `at`."""
        for window, cost in zip(self.windows, costs, strict=True):
            window.take(cost, at)

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the earliest time there is and return it.

        Raises:
            ValueError: A cost is above its limit: it can never fit.
        """
        at = self.earliest(costs, now)
        if at == inf:
            raise ValueError(f"{_first_above(self.windows, costs)}: it can never fit")
        self.take(costs, at)
        return at

    def hold(self, costs: Sequence[int], now: float) -> float:
        """Do what `reserve` does: within one process nobody comes in between."""
        return self.reserve(costs, now)

    def claim(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of what was held, a later one if nothing may start yet."""
        return at if self.paused <= now else self.advance(at, costs, now)

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of what was held, a later one if nothing may start then."""
        if self.paused <= at:
            return at
        self.settle(at, costs, (0,) * len(costs), now)
        return self.reserve(costs, now)

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int], now: float) -> None:
        """Correct what was taken at `at` to what was used; see `Window.settle`."""
        for window, cost, amount in zip(self.windows, costs, used, strict=True):
            if cost != amount:
                window.settle(cost, amount, at, now)

    def pause(self, until: float, now: float) -> None:
        """Let nothing start before `until`."""
        self.paused = max(self.paused, until)

    def patience(self, now: float) -> float:
        """Return after how many seconds to look again, unasked: here, never."""
        return inf

    def fill(self, now: float) -> tuple[float, ...]:
        """Return how much of each dimension counts at `now`, as a share of its limit."""
        return tuple(window.used(now) / window.limit for window in self.windows)

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more in any dimension."""
        return self.paused <= now and all(window.idle(now) for window in self.windows)

    def close(self) -> None:
        """Do nothing: nothing is held open."""


def _first_above(windows: Sequence[Window], costs: Sequence[int]) -> str:
    for window, cost in zip(windows, costs, strict=True):
        if cost > window.limit:
            return f"{cost} is more than the limit of {window.limit}"
    raise AssertionError("asked without reason")
