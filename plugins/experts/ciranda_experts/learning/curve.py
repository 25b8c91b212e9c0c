"""A curve from what an expert says to how often it is right."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from .isotonic import pool
from .platt import log_odds, logistic, scale

__all__ = ["SHIPPED", "Curve", "isotonic", "platt"]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a nondecreasing curve; straight lines between them, flat beyond the ends.

    `samples` counts the outcomes it was fitted to. `before` and `after` are the Brier scores, by
    cross-validation, of the curve that it replaced and of its own kind.
    """

    method: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    samples: int = 0
    before: float = math.nan
    after: float = math.nan

    def __call__(self, raw: float) -> float:
        """Return the share of right answers among those that were said with this confidence."""
        xs, ys = self.xs, self.ys
        if not raw > xs[0]:  # nor is NaN
            return ys[0]
        if raw >= xs[-1]:
            return ys[-1]
        at = bisect_right(xs, raw)
        low, high = xs[at - 1], xs[at]
        return ys[at - 1] + (ys[at] - ys[at - 1]) * (raw - low) / (high - low)


# Before anything is known: an expert is believed, save that nobody is certain.
SHIPPED: Final = Curve(method="shipped", xs=(0.0001, 0.9999), ys=(0.0001, 0.9999))


def isotonic(points: Sequence[tuple[float, bool]]) -> Curve:
    """Fit the nondecreasing step function of least squares, kept off 0 and 1.

    n outcomes tell no more than that a share lies between 1 / (n + 2) and (n + 1) / (n + 2).

    Args:
        points: Pairs of raw confidence and whether it was right; at least one.
    """
    least = 1 / (len(points) + 2)
    xs: list[float] = []
    ys: list[float] = []
    for block in pool([(raw, float(right)) for raw, right in points]):
        value = min(1 - least, max(least, block.value))
        for x in dict.fromkeys((block.low, block.high)):
            xs.append(x)
            ys.append(value)
    return Curve(method="isotonic", xs=tuple(xs), ys=tuple(ys), samples=len(points))


def platt(points: Sequence[tuple[float, bool]]) -> Curve | None:
    """Fit a logistic curve, kept off 0 and 1 like the step function.

    None where less confidence would mean more right answers.

    Args:
        points: Pairs of raw confidence and whether it was right; at least one.
    """
    slope, offset = scale(points)
    if slope < 0:
        return None
    xs = (0.0, 0.001, 0.01, *(step / 50 for step in range(1, 50)), 0.99, 0.999, 1.0)
    least = 1 / (len(points) + 2)
    fitted = (logistic(slope * log_odds(x) + offset) for x in xs)
    ys = tuple(min(1 - least, max(least, y)) for y in fitted)
    return Curve(method="platt", xs=xs, ys=ys, samples=len(points))
