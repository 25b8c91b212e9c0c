"""Exact sliding windows as pure arithmetic: how much started within the last `per` seconds."""

from __future__ import annotations

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
        at = max(now, self._last)
        entries = self._entries
        while entries and entries[0][0] <= at:
            self._used -= entries.popleft()[1]
        excess = self._used + cost - self.limit
        if excess <= 0:
            return at
        for free, held in entries:
            excess -= held
            if excess <= 0:
                return free
        return inf

    def take(self, cost: int, at: float) -> None:
        """Count `cost` from the time `at`, which `earliest` returned or which is later."""
        self._entries.append((at + self.per, cost))
        self._used += cost
        self._last = at

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more."""
        self.earliest(0, now)
        return not self._entries


@final
class Reservations:
    """Windows of several dimensions that are taken from together or not at all.

    Args:
        windows: One for each dimension, such as requests and tokens.
    """

    __slots__ = ("windows",)

    def __init__(self, windows: Sequence[Window]) -> None:
        self.windows: Final = tuple(windows)

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which every dimension fits; infinity if one never can."""
        # What fits at one time fits at every later one, so the latest of all is the answer.
        return max(
            window.earliest(cost, now) for window, cost in zip(self.windows, costs, strict=True)
        )

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

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more in any dimension."""
        return all(window.idle(now) for window in self.windows)


def _first_above(windows: Sequence[Window], costs: Sequence[int]) -> str:
    for window, cost in zip(windows, costs, strict=True):
        if cost > window.limit:
            return f"{cost} is more than the limit of {window.limit}"
    raise AssertionError("asked without reason")
