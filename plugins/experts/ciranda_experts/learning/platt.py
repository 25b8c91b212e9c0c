"""Platt's scaling: a logistic curve over the log-odds of what an expert said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["log_odds", "logistic", "scale"]

_EDGE: Final = 1e-6  # confidence that is as good as 0 or 1
_TURNS: Final = 100
_DAMPING: Final = 1e-9
_FLAT: Final = 1e-9  # slope of the mean loss
_LEAST: Final = 1e-6  # part of a step


def log_odds(share: float) -> float:
    """Return ln(p / (1 - p)), for p kept a millionth away from 0 and 1."""
    kept = min(1 - _EDGE, max(_EDGE, share))
    return math.log(kept / (1 - kept))


def logistic(value: float) -> float:
    """Return the share whose log-odds are given."""
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    return math.exp(value) / (1 + math.exp(value))


def scale(points: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Return slope and offset of the most likely logistic curve, by Newton's method.

    Targets are Platt's: (r + 1) / (r + 2) for right and 1 / (w + 2) for wrong ones, of which
    there are r and w, so that a perfect expert gets no infinite slope.

    Args:
        points: Pairs of raw confidence and whether it was right.
    """
    right = sum(1 for _, was in points if was)
    wrong = len(points) - right
    targets = ((right + 1) / (right + 2), 1 / (wrong + 2))
    data = [(log_odds(raw), targets[0] if was else targets[1]) for raw, was in points]
    slope, offset = 0.0, math.log((right + 1) / (wrong + 1))
    loss = _loss(data, slope, offset)
    for _ in range(_TURNS):
        g1 = g2 = h11 = h12 = h22 = 0.0
        for x, target in data:
            p = logistic(slope * x + offset)
            error, weight = p - target, p * (1 - p)
            g1 += error * x
            g2 += error
            h11 += weight * x * x
            h12 += weight * x
            h22 += weight
        h11 += _DAMPING
        h22 += _DAMPING
        over = h11 * h22 - h12 * h12
        if over <= 0 or max(abs(g1), abs(g2)) < _FLAT * len(data):
            break
        d1, d2 = (h22 * g1 - h12 * g2) / over, (h11 * g2 - h12 * g1) / over
        step = 1.0
        while step > _LEAST:  # halved until it helps
            trial = _loss(data, slope - step * d1, offset - step * d2)
            if trial < loss:
                break
            step /= 2
        else:
            break
        slope, offset, loss = slope - step * d1, offset - step * d2, trial
    return slope, offset


def _loss(data: Sequence[tuple[float, float]], slope: float, offset: float) -> float:
    total = 0.0
    for x, target in data:
        z = slope * x + offset
        total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - target * z
    return total
