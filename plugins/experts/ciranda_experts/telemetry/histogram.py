"""Durations counted in buckets that grow by 4 %: quantiles are right to 2 % of themselves."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

__all__ = ["bound", "bucket", "counted", "cumulative", "quantile"]

_GROWTH: Final = 1.04
_UNIT: Final = 1e-6  # seconds; whatever is shorter is in bucket 0
_LAST: Final = 600  # 16,000 seconds; whatever is longer is there too
_BOUNDS: Final = [_UNIT * _GROWTH**number for number in range(_LAST)]
_EDGES: Final = range(3 * 18, _LAST, 18)  # each about twice the one before: 8 us to 4 h


def bound(number: int) -> float:
    """Return the longest duration of a bucket, in seconds."""
    return _BOUNDS[number] if number < _LAST else math.inf


# Bucket n holds what is in (bound(n - 1), bound(n)]; a search in C, for it is done for each answer.
bucket: Final = partial(bisect_left, _BOUNDS)


def counted(seconds: Iterable[float]) -> dict[int, int]:
    """Return how many durations are in each bucket."""
    return Counter(map(bucket, seconds))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the duration that a share of the counted ones does not exceed, in seconds.

    It is the smallest with at least `share` of all at or below it, to 2 %; None of nothing.
    """
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, math.ceil(share * total - 1e-9))
    seen = number = 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= rank:
            break
    return _BOUNDS[min(number, _LAST - 1)] * 2 / (1 + _GROWTH) if number else _UNIT


def cumulative(counts: Mapping[int, int]) -> Iterator[tuple[float, int]]:
    """Yield bounds in seconds, and how many durations are at or below each."""
    numbers = sorted(counts)
    seen = at = 0
    for edge in _EDGES:
        while at < len(numbers) and numbers[at] <= edge:
            seen += counts[numbers[at]]
            at += 1
        yield bound(edge), seen
