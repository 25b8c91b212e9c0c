"""The ring of a limiter that processes share: exact sliding windows in mapped memory.

The memory is a header and a ring of entries, all of eight-byte words in the machine's order. An
entry is a time from which it counts, one from which its windows are counted (the same, unless
entries were joined), whether it is only held for somebody who may start then, and a cost for each
dimension. Entries are numbered from 0; in the header
stand the number of the next one, that of the first one that counts in windows of each length, and
the sum of what counts in each dimension.

Whoever is killed in the middle leaves a ring that counts as much as was granted, or more: an
entry is written before it is said to be there, and while sums are changed the state says so;
whoever finds that adds up anew. No word is ever half written.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final, final

from ciranda.middleware.ringformat import (
    CHANGING,
    FIRST,
    HEADER,
    OWN,
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

    __slots__ = ("_close", "_mask", "count", "groups", "ints", "slots", "times", "width")

    def __init__(self, memory: memoryview, spans: Sequence[tuple[int, float]], slots: int) -> None:
        self.ints: Final[memoryview[int]] = memory.cast("q")
        self.times: Final[memoryview[float]] = memory.cast("d")
        self.slots: Final = slots
        self._mask: Final = slots - 1
        self.count: Final = len(spans)
        self.width: Final = OWN + len(spans)
        self._close: Final = 2 * max(per for _, per in spans) / slots
        # Dimensions whose windows are equally long begin at the same entry: seconds, word of its
        # number, and of each dimension its index, its limit and the word of its sum.
        members: dict[float, list[tuple[int, int, int]]] = {}
        for which, (limit, per) in enumerate(spans):
            members.setdefault(per, []).append((which, limit, FIRST + PER * which + 3))
        self.groups: Final = [
            (per, FIRST + PER * each[0][0] + 2, each) for per, each in members.items()
        ]

    def release(self) -> None:
        """Let go of the memory, so that its map can be closed."""
        self.ints.release()
        self.times.release()

    @property
    def changing(self) -> bool:
        """Whether whoever was last was killed in the middle of a change."""
        return self.ints[CHANGING] != 0

    @property
    def paused(self) -> float:
        """Nothing starts before this time."""
        return self.times[PAUSED]

    @property
    def returned(self) -> float:
        """When something was last given back."""
        return self.times[RETURNED]

    @property
    def seen(self) -> float:
        """The latest time at which somebody asked."""
        return self.times[SEEN]

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now`."""
        ints, times, mask, width = self.ints, self.times, self._mask, self.width
        times[SEEN] = now
        tail = ints[TAIL]
        for per, head, members in self.groups:
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
        self.append(costs, now, now)
        return now

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the first time at which all fit and return it."""
        at = self.earliest(costs, now)
        self.append(costs, at, now)
        return at

    def hold(self, costs: Sequence[int], now: float) -> float:
        """Hold the first time at which all fit for somebody who will claim it; return it."""
        at = self.earliest(costs, now)
        self.append(costs, at, now, held=1)
        return at

    def claim(self, at: float, costs: Sequence[int], now: float) -> float:
        """Take what is held for `at`, as of `now`; return `now`, or a later time that is held.

        Whoever wakes late starts late, and counts for as long as anybody: others who hold places
        behind may have to wait for that. What is held behind never holds back.
        """
        self.purge(now)
        seq = self._held(at, costs)
        if seq is None:  # lost with a file, or joined
            at = self.attempt(costs, now)
            return at if at <= now or not any(costs) else self.hold(costs, now)
        best = self._room(seq, costs, now)
        self._move(seq, best, held=int(best > now))
        return best

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; infinity if they never can."""
        self.purge(now)
        ints, tail = self.ints, self.ints[TAIL]
        at = max(now, self.times[PAUSED])
        if tail:
            at = max(at, self.times[self.word_of(tail - 1) + 1])
        for per, head, members in self.groups:
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
        self.purge(now)
        ints, begin = self.ints, self._held(at, costs)
        begin = self._find(at) if begin is None else begin
        ints[CHANGING] = 1
        for _, head, members in self.groups:
            for which, _, total in members:
                back = costs[which] - used[which]
                if back > 0:
                    ints[total] -= self._give_back(which, back, at, max(ints[head], begin))
                    self.times[RETURNED] = now
        self._drop(now)
        ints[CHANGING] = 0
        more = [max(0, amount - cost) for cost, amount in zip(costs, used, strict=True)]
        if any(more):
            self._overrun(more, now)

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of what is held for `at`: an earlier one if there is one by now.

        It is a later one where nothing may start at its time.
        """
        self.purge(now)
        seq = self._held(at, costs)
        if seq is None:
            return at
        best = self._room(seq, costs, now)
        if seq and self.times[PAUSED] <= at:  # who came before stays before
            best = min(at, max(best, self.times[self.word_of(seq - 1) + 1]))
        if best != at:
            self._move(seq, best, held=1)
        return best

    def _held(self, at: float, costs: Sequence[int]) -> int | None:
        """Return which entry is held for `at` with these costs."""
        ints, times = self.ints, self.times
        newest = max(ints[head] for _, head, _ in self.groups)
        for seq in range(max(newest, self._find(at)), ints[TAIL]):
            word = self.word_of(seq)
            if times[word + 1] != at:
                return None
            if ints[word + 2] and list(ints[word + OWN : word + self.width]) == list(costs):
                return seq
        return None

    def _room(self, seq: int, costs: Sequence[int], now: float) -> float:
        """Return when an entry that is held may start, whatever is held behind it."""
        ints, times, tail = self.ints, self.times, self.ints[TAIL]
        held, at = times[self.word_of(seq)], max(now, times[PAUSED])
        for per, head, members in self.groups:
            # Who has a firm place behind counted on this one to be over: not on a late one.
            behind = [
                each
                for each in range(seq, tail)
                if ints[self.word_of(each) + 2]
                or not held + per <= times[self.word_of(each)] < now + per
            ]
            for which, limit, total in members:
                excess = ints[total] + costs[which] - limit
                excess -= sum([ints[self.word_of(each) + OWN + which] for each in behind])
                if excess > 0 and costs[which]:
                    at = max(at, self._free(excess, ints[head], per, which, behind))
        return at

    def _move(self, seq: int, at: float, *, held: int) -> None:
        """Give an entry another time, and the place among the others that goes with it.

        Killed in the middle, it leaves one of them twice, or parts of it.
        """
        ints, times, width = self.ints, self.times, self.width
        word = self.word_of(seq)
        costs = list(ints[word + OWN : word + width])
        ints[CHANGING] = 1
        while seq + 1 < ints[TAIL] and times[self.word_of(seq + 1) + 1] < at:
            seq += 1
            before, word = word, self.word_of(seq)
            for each in range(width - 1, -1, -1):
                ints[before + each] = ints[word + each]
        # In this order, no entry ever ends before it begins.
        for which in (0, 1) if at < times[word] else (1, 0):
            times[word + which] = at
        ints[word + 2] = held
        for which, cost in enumerate(costs):
            ints[word + OWN + which] = cost
        ints[CHANGING] = 0

    def pause(self, until: float) -> None:
        """Let nothing start before `until`."""
        self.times[PAUSED] = max(self.times[PAUSED], until)

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more, and nobody has to wait."""
        self.purge(now)
        return self.paused <= now and self.oldest() == self.ints[TAIL]

    def word_of(self, seq: int) -> int:
        """Return the first word of an entry."""
        return HEADER + (seq & self._mask) * self.width

    def oldest(self) -> int:
        """Return the number of the first entry that counts anywhere."""
        groups = self.groups
        if len(groups) == 1:
            return self.ints[groups[0][1]]
        return min(self.ints[head] for _, head, _ in groups)

    def total_of(self, first: int, which: int) -> int:
        """Return what the entries from `first` on count in one dimension."""
        ints, tail, place = self.ints, self.ints[TAIL], OWN + which
        if tail - first > self.slots:
            raise RingDamageError
        return sum([ints[self.word_of(seq) + place] for seq in range(first, tail)])

    def _free(
        self, excess: int, first: int, per: float, which: int, but: Sequence[int] = ()
    ) -> float:
        """Return when so many units are free again, of the entries from `first` on."""
        for seq in range(first, self.ints[TAIL]):
            if seq in but:
                continue
            word = self.word_of(seq)
            excess -= self.ints[word + OWN + which]
            if excess <= 0:
                return self.times[word + 1] + per
        raise RingDamageError

    def purge(self, now: float) -> None:
        """Forget what no longer counts, where there is something."""
        times = self.times
        times[SEEN] = now
        tail = self.ints[TAIL]
        for per, head, _ in self.groups:
            seq = self.ints[head]
            if seq != tail and times[self.word_of(seq) + 1] + per <= now:
                self._forget(now)

    def _forget(self, now: float) -> None:
        ints, times, tail = self.ints, self.times, self.ints[TAIL]
        ints[CHANGING] = 1
        for per, head, members in self.groups:
            first = seq = ints[head]
            if not 0 <= tail - seq <= self.slots:
                raise RingDamageError
            while seq != tail:
                word = self.word_of(seq)
                if times[word + 1] + per > now:
                    break
                for which, _, total in members:
                    ints[total] -= ints[word + OWN + which]
                seq += 1
            if seq != first:
                ints[head] = seq
        ints[CHANGING] = 0

    def append(self, costs: Sequence[int], at: float, now: float, held: int = 0) -> None:
        """Count costs from `at` on, which is not before the last entry's time."""
        if not any(costs):
            return
        ints, times, tail = self.ints, self.times, self.ints[TAIL]
        count = tail - self.oldest()
        if 2 * count >= self.slots:
            near = at <= now and at - times[self.word_of(tail - 1)] < self._close
            if near or count >= self.slots - 1:
                self._join(costs, at)
                return
        word = HEADER + (tail & self._mask) * self.width
        times[word] = times[word + 1] = at
        ints[word + 2] = held
        ints[CHANGING] = 1
        for _, _, members in self.groups:
            for which, _, total in members:
                cost = ints[word + OWN + which] = costs[which]
                ints[total] += cost
        ints[TAIL] = tail + 1  # from here on it is there
        ints[CHANGING] = 0

    def _join(self, costs: Sequence[int], at: float) -> None:
        """Add to the last entry, which then counts from its beginning until all of it is free."""
        ints, tail = self.ints, self.ints[TAIL]
        word = self.word_of(tail - 1)
        ints[CHANGING] = 1
        self.times[word + 1] = at
        ints[word + 2] = 0
        for _, head, members in self.groups:
            over = ints[head] == tail  # in windows of this length the entry was over
            for which, _, total in members:
                ints[word + OWN + which] = costs[which] + (0 if over else ints[word + OWN + which])
                ints[total] += costs[which]
            if over:
                ints[head] = tail - 1
        ints[CHANGING] = 0

    def _overrun(self, more: Sequence[int], now: float) -> None:
        ints, seq = self.ints, self._find(now)
        if seq == ints[TAIL]:
            self.append(more, now, now)
            return
        word = self.word_of(seq)  # where grants lie ahead, it counts for longer than it must
        ints[CHANGING] = 1
        for _, _, members in self.groups:
            for which, _, total in members:
                ints[word + OWN + which] += more[which]
                ints[total] += more[which]
        ints[CHANGING] = 0

    def _give_back(self, which: int, back: int, at: float, seq: int) -> int:
        """Take up to `back` units out of the entries of one time; return how many."""
        ints, times, left = self.ints, self.times, back
        while left and seq < ints[TAIL]:
            word = self.word_of(seq)
            if not times[word] <= at <= times[word + 1]:
                break
            part = min(left, ints[word + OWN + which])
            ints[word + OWN + which] -= part
            left -= part
            seq += 1
        return back - left

    def _drop(self, now: float) -> None:
        """Forget reservations at the end that were given back: nobody has to stay behind them."""
        ints, times = self.ints, self.times
        newest = max(ints[head] for _, head, _ in self.groups)
        while ints[TAIL] > newest:
            word = self.word_of(ints[TAIL] - 1)
            if times[word] <= now or any(ints[word + OWN : word + self.width]):
                return
            ints[TAIL] -= 1

    def _find(self, at: float) -> int:
        """Return the first entry whose end is not before `at`."""
        low, high = self.oldest(), self.ints[TAIL]
        while low < high:
            middle = (low + high) // 2
            if self.times[self.word_of(middle) + 1] < at:
                low = middle + 1
            else:
                high = middle
        return low
