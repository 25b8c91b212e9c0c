"""The ring of a limiter that processes share: exact sliding windows in mapped memory.

The memory is a header and a ring of entries, all of eight-byte words in the machine's order. An
entry is a time from which it counts (`first`), one from which its windows are counted (`last`,
the same unless entries were joined), and a cost for each dimension. The words of the header are
named below; `HEAD` and `SUM` are there for each dimension, as windows may differ in length.

Whoever is killed in the middle leaves a ring that counts as much as was granted, or more: an
entry is written before `TAIL` says that it is there, and while sums and heads are changed
`CHANGING` is set; whoever finds it set adds up anew. No word is ever half written.
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

    Args:
        memory: The words, writable.
        spans: The limit and the seconds of each dimension.
        slots: How many entries there is room for, a power of two. Beyond half of that, entries
            that are close to each other are joined: they count a little longer than they must.
    """

    __slots__ = ("_close", "_heads", "_ints", "_mask", "_slots", "_spans", "_times", "_width")

    def __init__(self, memory: memoryview, spans: Sequence[tuple[int, float]], slots: int) -> None:
        self._ints: Final[memoryview[int]] = memory.cast("q")
        self._times: Final[memoryview[float]] = memory.cast("d")
        self._slots: Final = slots
        self._mask: Final = slots - 1
        self._width: Final = 2 + len(spans)
        self._close: Final = 2 * max(per for _, per in spans) / slots
        # limit, seconds, word of the head (the sum is behind it), place in an entry
        self._spans: Final = [
            (limit, per, FIRST + PER * at + 2, 2 + at) for at, (limit, per) in enumerate(spans)
        ]
        self._heads: Final = [head for _, _, head, _ in self._spans]

    def release(self) -> None:
        """Let go of the memory, so that its map can be closed."""
        self._ints.release()
        self._times.release()

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
        """Add up anew if whoever was last was killed in the middle.

        Raises:
            RingDamageError: Somebody else has written into the ring.
        """
        ints = self._ints
        tail = ints[TAIL]
        for head in self._heads:
            if not 0 <= tail - ints[head] <= self._slots:
                raise RingDamageError
        if not ints[CHANGING]:
            return
        for _, _, head, place in self._spans:
            ints[head + 1] = sum(ints[self._word(each) + place] for each in range(ints[head], tail))
        ints[CHANGING] = 0

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now`."""
        at = self.earliest(costs, now)
        if at <= now:
            self._append(costs, at, now)
        return at

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the first time at which all fit and return it."""
        at = self.earliest(costs, now)
        self._append(costs, at, now)
        return at

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; infinity if they never can."""
        ints, times = self._ints, self._times
        self._purge(now)
        tail = ints[TAIL]
        at = max(now, times[PAUSED])
        if any(ints[head] < tail for head in self._heads):  # never before the last grant
            at = max(at, times[self._word(tail - 1) + 1])
        for (limit, per, head, place), cost in zip(self._spans, costs, strict=True):
            excess = ints[head + 1] + cost - limit
            if excess <= 0 or not cost:
                continue
            if cost > limit:
                return inf
            at = max(at, self._free(excess, ints[head], per, place))
        return at

    def _free(self, excess: int, seq: int, per: float, place: int) -> float:
        """Return when so many units are free again, of the entries from `seq` on."""
        for each in range(seq, self._ints[TAIL]):
            word = self._word(each)
            excess -= self._ints[word + place]
            if excess <= 0:
                return self._times[word + 1] + per
        raise RingDamageError

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int], now: float) -> None:
        """Give back what was not used of a grant; count what was used beyond it from `now`."""
        self._purge(now)
        self._change()
        for which, (cost, amount) in enumerate(zip(costs, used, strict=True)):
            if amount < cost:
                self._give_back(which, cost - amount, at, now)
        more = [max(0, amount - cost) for cost, amount in zip(costs, used, strict=True)]
        if any(more):
            self._overrun(more, now)
        self._drop(now)
        self._done()

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of a reservation, moved to an earlier one if there is one now.

        It moves behind all others where nothing may start at its time.
        """
        ints, times = self._ints, self._times
        self._purge(now)
        seq = self._find(at)
        if seq is None or not self._alone(seq, costs):
            return at
        word, tail = self._word(seq), ints[TAIL]
        if times[PAUSED] > at:
            self.settle(at, costs, (0,) * len(costs), now)
            return self.reserve(costs, now)
        # What those before it leave: who came later stays behind, and only gains by it.
        best = max(now, times[PAUSED])
        if seq > min(ints[head] for head in self._heads):
            best = max(best, times[self._word(seq - 1) + 1])
        for (limit, per, head, place), cost in zip(self._spans, costs, strict=True):
            behind = sum(ints[self._word(each) + place] for each in range(seq, tail))
            excess = ints[head + 1] - behind + cost - limit
            if excess > 0 and cost:
                best = max(best, self._free(excess, ints[head], per, place))
        if best >= at:
            return at
        times[word] = best
        times[word + 1] = best
        return best

    def pause(self, until: float) -> None:
        """Let nothing start before `until`."""
        self._times[PAUSED] = max(self._times[PAUSED], until)

    def fill(self, now: float) -> tuple[float, ...]:
        """Return how much of each dimension counts at `now`, as a share of its limit."""
        self._purge(now)
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        found = []
        for limit, _, head, place in self._spans:
            ahead, seq = 0, tail - 1
            while seq >= ints[head] and times[self._word(seq)] > now:
                ahead += ints[self._word(seq) + place]
                seq -= 1
            found.append((ints[head + 1] - ahead) / limit)
        return tuple(found)

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more, and nobody has to wait."""
        self._purge(now)
        tail = self._ints[TAIL]
        return self.paused <= now and all(self._ints[head] == tail for head in self._heads)

    def sound(self) -> bool:
        """Say whether this can be what rings leave behind: nobody else has written into it."""
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        first = min(ints[head] for head in self._heads)
        if not 0 <= first <= max(ints[head] for head in self._heads) <= tail <= first + self._slots:
            return False
        before = -inf
        for seq in range(first, tail):
            word = self._word(seq)
            began, last = times[word], times[word + 1]
            costs = ints[word + 2 : word + self._width]
            if not before <= began <= last < inf or min(costs) < 0:
                return False
            before = last
        if any(isnan(times[name]) for name in (PAUSED, SEEN, RETURNED)):
            return False
        self.mend()
        return all(
            ints[head + 1]
            == sum(ints[self._word(each) + place] for each in range(ints[head], tail))
            for _, _, head, place in self._spans
        )

    def shift(self, seconds: float) -> None:
        """Move everything; only of a copy that nobody else sees."""
        times, ints = self._times, self._ints
        for seq in range(min(ints[head] for head in self._heads), ints[TAIL]):
            word = self._word(seq)
            times[word] += seconds
            times[word + 1] += seconds
        for name in (PAUSED, RETURNED, SEEN):
            times[name] += seconds

    def fill_up(self, now: float) -> None:
        """Count every limit as used up at `now`."""
        self._append([limit for limit, _, _, _ in self._spans], now, now)

    def _word(self, seq: int) -> int:
        return HEADER + (seq & self._mask) * self._width

    def _change(self) -> None:
        self._ints[CHANGING] = 1

    def _done(self) -> None:
        self._ints[CHANGING] = 0

    def _purge(self, now: float) -> None:
        """Forget what no longer counts in its window."""
        ints, times = self._ints, self._times
        times[SEEN] = now
        tail = ints[TAIL]
        for _, per, head, place in self._spans:
            seq = ints[head]
            if seq == tail or times[self._word(seq) + 1] + per > now:
                continue
            ints[CHANGING] = 1
            while seq < tail:
                word = self._word(seq)
                if times[word + 1] + per > now:
                    break
                ints[head + 1] -= ints[word + place]
                seq += 1
            ints[head] = seq
            ints[CHANGING] = 0

    def _append(self, costs: Sequence[int], at: float, now: float) -> None:
        ints, times = self._ints, self._times
        if not any(costs):
            return
        tail = ints[TAIL]
        count = tail - min([ints[head] for head in self._heads])
        if count and (count >= self._slots - 1 or 2 * count >= self._slots):
            near = at <= now and at - times[self._word(tail - 1)] < self._close
            if near or count >= self._slots - 1:
                self._join(costs, at)
                return
        word = self._word(tail)
        times[word] = times[word + 1] = at
        ints[CHANGING] = 1
        for (_, _, head, place), cost in zip(self._spans, costs, strict=True):
            ints[word + place] = cost
            ints[head + 1] += cost
        ints[TAIL] = tail + 1  # from here on it is there
        ints[CHANGING] = 0

    def _join(self, costs: Sequence[int], at: float) -> None:
        """Add to the last entry, which then counts from its beginning until all of it is free."""
        ints, times, tail = self._ints, self._times, self._ints[TAIL]
        word = self._word(tail - 1)
        self._change()
        times[word + 1] = at
        for (_, _, head, place), cost in zip(self._spans, costs, strict=True):
            if ints[head] == tail:  # in this window the entry was over
                ints[word + place] = 0
                ints[head] = tail - 1
            ints[word + place] += cost
            ints[head + 1] += cost
        self._done()

    def _overrun(self, more: Sequence[int], now: float) -> None:
        ints = self._ints
        seq = self._bisect(now)
        if seq == ints[TAIL]:
            self._append(more, now, now)
            self._change()
            return
        word = self._word(seq)  # where grants lie ahead, it counts for longer than it must
        for (_, _, head, place), cost in zip(self._spans, more, strict=True):
            ints[word + place] += cost
            ints[head + 1] += cost

    def _give_back(self, which: int, back: int, at: float, now: float) -> None:
        ints, times = self._ints, self._times
        _, _, head, place = self._spans[which]
        seq = max(self._bisect(at), ints[head])
        while back and seq < ints[TAIL]:
            word = self._word(seq)
            if not times[word] <= at <= times[word + 1]:
                return
            part = min(back, ints[word + place])
            ints[word + place] -= part
            ints[head + 1] -= part
            back -= part
            seq += 1
            times[RETURNED] = now

    def _drop(self, now: float) -> None:
        """Forget reservations at the end that were given back: nobody has to stay behind them."""
        ints, times = self._ints, self._times
        first = max(ints[head] for head in self._heads)
        while ints[TAIL] > first:
            word = self._word(ints[TAIL] - 1)
            if times[word] <= now or any(ints[word + 2 : word + self._width]):
                return
            ints[TAIL] -= 1

    def _find(self, at: float) -> int | None:
        seq = self._bisect(at)
        if seq == self._ints[TAIL]:
            return None
        word = self._word(seq)
        return seq if self._times[word] == at == self._times[word + 1] else None

    def _alone(self, seq: int, costs: Sequence[int]) -> bool:
        word = self._word(seq)
        return all(self._ints[head] <= seq for head in self._heads) and list(costs) == list(
            self._ints[word + 2 : word + self._width]
        )

    def _bisect(self, at: float) -> int:
        """Return the first entry whose end is not before `at`."""
        low, high = min(self._ints[head] for head in self._heads), self._ints[TAIL]
        while low < high:
            middle = (low + high) // 2
            if self._times[self._word(middle) + 1] < at:
                low = middle + 1
            else:
                high = middle
        return low
