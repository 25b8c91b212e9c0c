"""Durations counted in buckets that grow by a quarter: quantiles are right to an eighth."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["bucket", "cumulative", "quantile"]

_GROWTH: Final = 1.25
_UNIT: Final = 1e-5  # seconds; what is shorter is in bucket 0
_BOUNDS: Final = [_UNIT * _GROWTH**number for number in range(90)]  # up to 4200 s
_EDGES: Final = range(6, len(_BOUNDS), 6)  # each about 3.8 times the one before


def bucket(seconds: float) -> int:
    """Return the number of the bucket that a duration belongs to."""
    return bisect_left(_BOUNDS, seconds)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the duration that a share of them does not exceed, in seconds; None of nothing."""
    left = max(1, math.ceil(share * sum(counts.values()) - 1e-9))
    for number in sorted(counts):
        left -= counts[number]
        if left <= 0:
            edge = min(number, len(_BOUNDS) - 1)
            return _BOUNDS[edge] / math.sqrt(_GROWTH) if number else _UNIT
    return None


def cumulative(counts: Mapping[int, int]) -> Iterator[tuple[float, int]]:
    """Yield bounds in seconds, and how many durations are at or below each."""
    for edge in _EDGES:
        yield _BOUNDS[edge], sum(count for number, count in counts.items() if number <= edge)
