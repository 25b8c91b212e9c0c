"""The ring of a limiter that processes share: exact sliding windows in mapped memory.

The memory is a header and a ring of entries, all of eight-byte words in the machine's order. An
entry is a time from which it counts, one from which its windows are counted (the same, unless
entries were joined), and a cost for each dimension. Entries are numbered from 0; in the header
stand the number of the next one, that of the first one that counts in windows of each length, and
the sum of what counts in each dimension.

Whoever is killed in the middle leaves a ring that counts as much as was granted, or more: an
entry is written before it is said to be there, and while sums are changed the state says so;
whoever finds that adds up anew. No word is ever half written.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan
from typing import Final, final

from ciranda.middleware.ringformat import (
    CHANGING,
    FIRST,
    HEADER,
    PAUSED,
    PER,
    RETURNED,
    SEEN,
    TAIL,
    RingDamageError,
)

__all__ = ["Ring"]


@final
class Ring:
    """The arithmetic on one ring; whoever calls holds its lock.

    Every method may raise RingDamageError: somebody else has written into the ring.

    Args:
        memory: The words, writable.
        spans: The limit and the seconds of each dimension.
        slots: How many entries there is room for, a power of two. Beyond half of that, entries
            that are close to each other are joined: they count a little longer than they must.
    """

    __slots__ = ("_close", "_count", "_groups", "_ints", "_mask", "_slots", "_times", "_width")

    def __init__(self, memory: memoryview, spans: Sequence[tuple[int, float]], slots: int) -> None:
        self._ints: Final[memoryview[int]] = memory.cast("q")
        self._times: Final[memoryview[float]] = memory.cast("d")
        self._slots: Final = slots
        self._mask: Final = slots - 1
        self._count: Final = len(spans)
        self._width: Final = 2 + len(spans)
        self._close: Final = 2 * max(per for _, per in spans) / slots
        # Dimensions whose windows are equally long begin at the same entry: seconds, word of its
        # number, and of each dimension its index, its limit and the word of its sum.
        members: dict[float, list[tuple[int, int, int]]] = {}
        for which, (limit, per) in enumerate(spans):
            members.setdefault(per, []).append((which, limit, FIRST + PER * which + 3))
        self._groups: Final = [
            (per, FIRST + PER * each[0][0] + 2, each) for per, each in members.items()
        ]

    def release(self) -> None:
        """Let go of the memory, so that its map can be closed."""
        self._ints.release()
        self._times.release()

    @property
    def changing(self) -> bool:
        """Whether whoever was last was killed in the middle of a change."""
        return self._ints[CHANGING] != 0

    @property
    def paused(self) -> float:
        """Nothing starts before this time."""
        return self._times[PAUSED]

    @property
    def returned(self) -> float:
        """When something was last given back."""
        return self._times[RETURNED]

    @property
    def seen(self) -> float:
        """The latest time at which somebody asked."""
        return self._times[SEEN]

    def mend(self) -> None:
        """Add up anew what a change that was broken off has left."""
        ints = self._ints
        for _, head, members in self._groups:
            for which, _, total in members:
                ints[total] = self._sum(ints[head], which)
        ints[CHANGING] = 0

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now`."""
        ints, times, mask, width = self._ints, self._times, self._mask, self._width
        times[SEEN] = now
        tail = ints[TAIL]
        for per, head, members in self._groups:
            seq = ints[head]
            # The usual case by itself: nothing to forget, or all fits.
            if seq != tail and times[HEADER + (seq & mask) * width + 1] + per <= now:
                self._forget(now)
            for which, limit, total in members:
                cost = costs[which]
                if cost and ints[total] + cost > limit:
                    return self.earliest(costs, now)
        at = times[PAUSED]
        if tail:  # never before the last grant
            at = max(at, times[HEADER + ((tail - 1) & mask) * width + 1])
        if at > now:
            return at
        self._append(costs, now, now)
        return now

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the first time at which all fit and return it."""
        at = self.earliest(costs, now)
        self._append(costs, at, now)
        return at

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; infinity if they never can."""
        self._purge(now)
        ints, tail = self._ints, self._ints[TAIL]
        at = max(now, self._times[PAUSED])
        if tail:
            at = max(at, self._times[self._word(tail - 1) + 1])
        for per, head, members in self._groups:
            for which, limit, total in members:
                cost = costs[which]
                if cost > limit:
                    return inf
                excess = ints[total] + cost - limit
                if excess > 0 and cost:
                    at = max(at, self._free(excess, ints[head], per, which))
        return at

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int], now: float) -> None:
        """Give back what was not used of a grant; count what was used beyond it from `now`."""
        self._purge(now)
        ints = self._ints
        ints[CHANGING] = 1
        for _, head, members in self._groups:
            for which, _, total in members:
                back = costs[which] - used[which]
                if back > 0:
                    ints[total] -= self._give_back(which, back, at, max(ints[head], self._find(at)))
                    self._times[RETURNED] = now
        self._drop(now)
        ints[CHANGING] = 0
        more = [max(0, amount - cost) for cost, amount in zip(costs, used, strict=True)]
        if any(more):
            self._overrun(more, now)

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of a reservation, moved to an earlier one if there is one now.

        It moves behind all others where nothing may start at its time.
        """
        self._purge(now)
        ints, times, tail, seq = self._ints, self._times, self._ints[TAIL], self._find(at)
        word = self._word(seq)
        if (
            seq == tail
            or seq < max(ints[head] for _, head, _ in self._groups)
            or (times[word], *ints[word + 2 : word + self._width]) != (at, *costs)
        ):
            return at  # it is not there, or counts for more than this
        if times[PAUSED] > at:
            self.settle(at, costs, (0,) * self._count, now)
            return self.reserve(costs, now)
        # What those before it leave: who came later stays behind, and only gains by it.
        best = max(now, times[PAUSED])
        if seq:
            best = max(best, times[self._word(seq - 1) + 1])
        for per, head, members in self._groups:
            for which, limit, total in members:
                excess = ints[total] - self._sum(seq, which) + costs[which] - limit
                if excess > 0 and costs[which]:
                    best = max(best, self._free(excess, ints[head], per, which))
        if best < at:
            times[word] = best
            times[word + 1] = best
        return min(best, at)

    def pause(self, until: float) -> None:
        """Let nothing start before `until`."""
        self._times[PAUSED] = max(self._times[PAUSED], until)

    def fill(self, now: float) -> tuple[float, ...]:
        """Return how much of each dimension counts at `now`, as a share of its limit."""
        self._purge(now)
        seq = self._ints[TAIL]
        while seq > self._oldest() and self._times[self._word(seq - 1)] > now:
            seq -= 1  # what lies ahead does not count yet
        found = [0.0] * self._count
        for _, _, members in self._groups:
            for which, limit, total in members:
                found[which] = (self._ints[total] - self._sum(seq, which)) / limit
        return tuple(found)

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more, and nobody has to wait."""
        self._purge(now)
        return self.paused <= now and self._oldest() == self._ints[TAIL]

    def sound(self) -> bool:
        """Say whether this can be what rings leave behind: nobody else has written into it."""
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        heads = [ints[head] for _, head, _ in self._groups]
        if min(heads) < max(0, tail - self._slots) or max(heads) > tail:
            return False
        before = -inf
        for seq in range(min(heads), tail):
            word = self._word(seq)
            if not before <= times[word] <= times[word + 1] < inf:
                return False
            if min(ints[word + 2 : word + self._width]) < 0:
                return False
            before = times[word + 1]
        if any(isnan(times[name]) for name in (PAUSED, RETURNED, SEEN)):
            return False
        if ints[CHANGING]:
            self.mend()
        return all(
            ints[total] == self._sum(ints[head], which)
            for _, head, members in self._groups
            for which, _, total in members
        )

    def shift(self, seconds: float) -> None:
        """Move everything; only of a copy that nobody else sees."""
        for seq in range(self._oldest(), self._ints[TAIL]):
            word = self._word(seq)
            self._times[word] += seconds
            self._times[word + 1] += seconds
        for name in (PAUSED, RETURNED, SEEN):
            self._times[name] += seconds

    def fill_up(self, now: float) -> None:
        """Count every limit as used up at `now`."""
        limits = {which: limit for _, _, members in self._groups for which, limit, _ in members}
        self._append([limits[which] for which in range(self._count)], now, now)

    def _word(self, seq: int) -> int:
        return HEADER + (seq & self._mask) * self._width

    def _oldest(self) -> int:
        """Return the number of the first entry that counts anywhere."""
        groups = self._groups
        if len(groups) == 1:
            return self._ints[groups[0][1]]
        return min(self._ints[head] for _, head, _ in groups)

    def _sum(self, first: int, which: int) -> int:
        """Return what the entries from `first` on count in one dimension."""
        ints, tail, place = self._ints, self._ints[TAIL], 2 + which
        if tail - first > self._slots:
            raise RingDamageError
        return sum([ints[self._word(seq) + place] for seq in range(first, tail)])

    def _free(self, excess: int, first: int, per: float, which: int) -> float:
        """Return when so many units are free again, of the entries from `first` on."""
        for seq in range(first, self._ints[TAIL]):
            word = self._word(seq)
            excess -= self._ints[word + 2 + which]
            if excess <= 0:
                return self._times[word + 1] + per
        raise RingDamageError

    def _purge(self, now: float) -> None:
        """Forget what no longer counts, where there is something."""
        times = self._times
        times[SEEN] = now
        tail = self._ints[TAIL]
        for per, head, _ in self._groups:
            seq = self._ints[head]
            if seq != tail and times[self._word(seq) + 1] + per <= now:
                self._forget(now)

    def _forget(self, now: float) -> None:
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        ints[CHANGING] = 1
        for per, head, members in self._groups:
            first = seq = ints[head]
            if not 0 <= tail - seq <= self._slots:
                raise RingDamageError
            while seq != tail:
                word = self._word(seq)
                if times[word + 1] + per > now:
                    break
                for which, _, total in members:
                    ints[total] -= ints[word + 2 + which]
                seq += 1
            if seq != first:
                ints[head] = seq
        ints[CHANGING] = 0

    def _append(self, costs: Sequence[int], at: float, now: float) -> None:
        if not any(costs):
            return
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        count = tail - self._oldest()
        if 2 * count >= self._slots:
            near = at <= now and at - times[self._word(tail - 1)] < self._close
            if near or count >= self._slots - 1:
                self._join(costs, at)
                return
        word = HEADER + (tail & self._mask) * self._width
        times[word] = times[word + 1] = at
        ints[CHANGING] = 1
        for _, _, members in self._groups:
            for which, _, total in members:
                cost = ints[word + 2 + which] = costs[which]
                ints[total] += cost
        ints[TAIL] = tail + 1  # from here on it is there
        ints[CHANGING] = 0

    def _join(self, costs: Sequence[int], at: float) -> None:
        """Add to the last entry, which then counts from its beginning until all of it is free."""
        ints, tail = self._ints, self._ints[TAIL]
        word = self._word(tail - 1)
        ints[CHANGING] = 1
        self._times[word + 1] = at
        for _, head, members in self._groups:
            over = ints[head] == tail  # in windows of this length the entry was over
            for which, _, total in members:
                ints[word + 2 + which] = costs[which] + (0 if over else ints[word + 2 + which])
                ints[total] += costs[which]
            if over:
                ints[head] = tail - 1
        ints[CHANGING] = 0

    def _overrun(self, more: Sequence[int], now: float) -> None:
        ints, seq = self._ints, self._find(now)
        if seq == ints[TAIL]:
            self._append(more, now, now)
            return
        word = self._word(seq)  # where grants lie ahead, it counts for longer than it must
        ints[CHANGING] = 1
        for _, _, members in self._groups:
            for which, _, total in members:
                ints[word + 2 + which] += more[which]
                ints[total] += more[which]
        ints[CHANGING] = 0

    def _give_back(self, which: int, back: int, at: float, seq: int) -> int:
        """Take up to `back` units out of the entries of one time; return how many."""
        ints, times, left = self._ints, self._times, back
        while left and seq < ints[TAIL]:
            word = self._word(seq)
            if not times[word] <= at <= times[word + 1]:
                break
            part = min(left, ints[word + 2 + which])
            ints[word + 2 + which] -= part
            left -= part
            seq += 1
        return back - left

    def _drop(self, now: float) -> None:
        """Forget reservations at the end that were given back: nobody has to stay behind them."""
        ints, times = self._ints, self._times
        newest = max(ints[head] for _, head, _ in self._groups)
        while ints[TAIL] > newest:
            word = self._word(ints[TAIL] - 1)
            if times[word] <= now or any(ints[word + 2 : word + self._width]):
                return
            ints[TAIL] -= 1

    def _find(self, at: float) -> int:
        """Return the first entry whose end is not before `at`."""
        low, high = self._oldest(), self._ints[TAIL]
        while low < high:
            middle = (low + high) // 2
            if self._times[self._word(middle) + 1] < at:
                low = middle + 1
            else:
                high = middle
        return low
