"""Tests of whether a difference is more than chance; each returns a one-sided p-value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

__all__ = ["fewer_right", "tends_higher"]


def fewer_right(right: int, count: int, right_before: int, count_before: int) -> float:
    """Return the chance to be right this rarely if nothing changed (Fisher's exact test).

    Args:
        right: Right ones of now.
        count: All of now.
        right_before: Right ones of before.
        count_before: All of before.
    """
    total, all_right = count + count_before, right + right_before
    if not count or not count_before:
        return 1.0
    ways = sum(
        math.comb(all_right, hits) * math.comb(total - all_right, count - hits)
        for hits in range(max(0, count - (total - all_right)), right + 1)
    )
    return ways / math.comb(total, count)


def tends_higher(now: Sequence[float], before: Sequence[float]) -> float:
    """Return the chance that values rank this high if nothing changed (Mann-Whitney).

    By the normal approximation with corrections for ties and continuity, which is good from ten
    values on each side.
    """
    n, m = len(now), len(before)
    if not n or not m:
        return 1.0
    counts = Counter(now) + Counter(before)
    ranks: dict[float, float] = {}
    seen = 0
    for value in sorted(counts):
        ranks[value] = seen + (counts[value] + 1) / 2
        seen += counts[value]
    higher = sum(ranks[value] for value in now) - n * (n + 1) / 2
    ties = sum(count**3 - count for count in counts.values())
    size = n + m
    variance = n * m / 12 * (size + 1 - ties / (size * (size - 1)))
    if variance <= 0:  # all are the same
        return 1.0
    z = (higher - n * m / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))
