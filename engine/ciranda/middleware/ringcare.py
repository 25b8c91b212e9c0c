"""What a ring needs when it was left in the middle, is found or begins, and how full it is."""

from __future__ import annotations

from math import inf, isnan

from ciranda.middleware.ring import Ring
from ciranda.middleware.ringformat import CHANGING, OWN, PAUSED, RETURNED, SEEN, TAIL

__all__ = ["fill", "fill_up", "mend", "shift", "sound"]


def mend(ring: Ring) -> None:
    """Add up anew what a change that was broken off has left."""
    ints = ring.ints
    for _, head, members in ring.groups:
        for which, _, total in members:
            ints[total] = ring.total_of(ints[head], which)
    ints[CHANGING] = 0


def sound(ring: Ring) -> bool:
    """Say whether this can be what rings leave behind: nobody else has written into it."""
    ints, times, tail = ring.ints, ring.times, ring.ints[TAIL]
    heads = [ints[head] for _, head, _ in ring.groups]
    if min(heads) < max(0, tail - ring.slots) or max(heads) > tail:
        return False
    before = -inf
    for seq in range(min(heads), tail):
        word = ring.word_of(seq)
        if not (before <= times[word + 1] < inf and times[word] <= times[word + 1]):
            return False
        if min(ints[word + OWN : word + ring.width]) < 0:
            return False
        before = times[word + 1]
    if any(isnan(times[name]) for name in (PAUSED, RETURNED, SEEN)):
        return False
    if ints[CHANGING]:
        mend(ring)
    return all(
        ints[total] == ring.total_of(ints[head], which)
        for _, head, members in ring.groups
        for which, _, total in members
    )


def shift(ring: Ring, seconds: float) -> None:
    """Move everything; only of a copy that nobody else sees."""
    for seq in range(ring.oldest(), ring.ints[TAIL]):
        word = ring.word_of(seq)
        ring.times[word] += seconds
        ring.times[word + 1] += seconds
    for name in (PAUSED, RETURNED, SEEN):
        ring.times[name] += seconds


def fill_up(ring: Ring, now: float) -> None:
    """Count every limit as used up at `now`."""
    limits = {which: limit for _, _, members in ring.groups for which, limit, _ in members}
    ring.append([limits[which] for which in range(ring.count)], now, now)


def fill(ring: Ring, now: float) -> tuple[float, ...]:
    """Return how much of each dimension counts at `now`, as a share of its limit."""
    ring.purge(now)
    seq = ring.ints[TAIL]
    while seq > ring.oldest() and ring.times[ring.word_of(seq - 1)] > now:
        seq -= 1  # what lies ahead does not count yet
    found = [0.0] * ring.count
    for _, _, members in ring.groups:
        for which, limit, total in members:
            found[which] = (ring.ints[total] - ring.total_of(seq, which)) / limit
    return tuple(found)
