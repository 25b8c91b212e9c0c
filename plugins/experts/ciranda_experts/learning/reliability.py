"""How far confidence can be believed: bins, Brier score, expected calibration error."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["Bin", "Reliability", "brier", "reliability"]


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Answers whose confidence was in [low, high), the last one with its end.

    `said` is their mean confidence, `right` the share of right ones; both 0 of none.
    """

    low: float
    high: float
    count: int
    said: float
    right: float


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """How confidence and truth agree.

    `brier` is the mean squared error (0 is perfect, always saying 0.5 gives 0.25), `error` the
    expected calibration error: the mean distance of `said` and `right`, weighed by count.
    """

    count: int
    brier: float
    error: float
    bins: tuple[Bin, ...]


def brier(points: Sequence[tuple[float, bool]]) -> float:
    """Return the mean squared error of confidences; 0 of none."""
    if not points:
        return 0.0
    return sum((said - right) ** 2 for said, right in points) / len(points)


def reliability(points: Sequence[tuple[float, bool]], *, bins: int = 10) -> Reliability:
    """Return how confidences and outcomes agree.

    Args:
        points: Pairs of confidence, 0 to 1, and whether it was right.
        bins: Bins of equal width.
    """
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for said, right in points:
        groups[min(bins - 1, int(said * bins))].append((said, right))
    found = tuple(
        Bin(
            low=number / bins,
            high=(number + 1) / bins,
            count=len(group),
            said=sum(said for said, _ in group) / len(group) if group else 0.0,
            right=sum(right for _, right in group) / len(group) if group else 0.0,
        )
        for number, group in enumerate(groups)
    )
    error = sum(each.count * abs(each.said - each.right) for each in found)
    return Reliability(
        count=len(points),
        brier=brier(points),
        error=error / len(points) if points else 0.0,
        bins=found,
    )
