"""Whether an expert got worse than it was, by tests whose rate of false alarms is stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import Final

import msgspec

from .histogram import quantile
from .rollup import Rollup
from .significance import fewer_right, tends_higher

__all__ = ["Alert", "AlertKind", "alerts"]

_MINUTES: Final = 10  # the newest with answers, against those before
_MINUTES_BEFORE: Final = 30
_STALE: Final = 3600.0  # seconds without an answer after which there is no "now"
_OUTCOMES: Final = 100  # the newest, against those before
_OUTCOMES_BEFORE: Final = 100


class AlertKind(StrEnum):
    """What got worse."""

    ACCURACY = "accuracy"
    LATENCY = "latency"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An expert got worse.

    `now` and `before` are shares of right answers, or medians of the minutes' 95th percentile in
    seconds; `chance` is the p-value.
    """

    expert: str
    kind: AlertKind
    now: float
    before: float
    chance: float
    message: str


def alerts(
    minutes: Mapping[str, Sequence[tuple[int, Rollup]]],
    outcomes: Mapping[str, Sequence[bool]],
    *,
    now: float,
    error: float,
) -> list[Alert]:
    """Return what got worse.

    Accuracy: Fisher's exact test of an expert's newest 100 outcomes against those before them,
    at least 100. Latency: the Mann-Whitney test of the 95th percentiles of the newest ten minutes
    with answers against those of the minutes before, at least 30: an expert is compared with its
    own unrest from minute to minute. `error` is shared among all tests of one look (Bonferroni).

    Args:
        minutes: Figures by expert and minute, oldest first.
        outcomes: Whether an expert was right, oldest first.
        now: Unix seconds.
        error: Chance of any alert at one look when no expert changed.
    """
    level = error / max(1, len(minutes) + len(outcomes))
    found = [_slower(expert, rows, now) for expert, rows in sorted(minutes.items())]
    found += [_wronger(expert, right) for expert, right in sorted(outcomes.items())]
    return [alert for alert in found if alert is not None and alert.chance < level]


def _slower(expert: str, rows: Sequence[tuple[int, Rollup]], now: float) -> Alert | None:
    rows = [(start, rollup) for start, rollup in rows if rollup.count]
    if len(rows) < _MINUTES + _MINUTES_BEFORE or now - rows[-1][0] > _STALE:
        return None
    slowest = [quantile(rollup.latencies, 0.95) or 0.0 for _, rollup in rows]
    recent, former = slowest[-_MINUTES:], slowest[:-_MINUTES]
    after, before = median(recent), median(former)
    return Alert(
        expert=expert,
        kind=AlertKind.LATENCY,
        now=after,
        before=before,
        chance=tends_higher(recent, former),
        message=f"{expert} got slower: 95 % of its answers took up to {after * 1000:.3g} ms "
        f"in its last {_MINUTES} minutes, {before * 1000:.3g} ms before",
    )


def _wronger(expert: str, right: Sequence[bool]) -> Alert | None:
    recent, former = right[-_OUTCOMES:], right[:-_OUTCOMES]
    if len(former) < _OUTCOMES_BEFORE:
        return None
    after, before = sum(recent) / len(recent), sum(former) / len(former)
    return Alert(
        expert=expert,
        kind=AlertKind.ACCURACY,
        now=after,
        before=before,
        chance=fewer_right(sum(recent), len(recent), sum(former), len(former)),
        message=f"{expert} is right less often: {after:.1%} of its last {len(recent)} outcomes, "
        f"{before:.1%} of the {len(former)} before",
    )
