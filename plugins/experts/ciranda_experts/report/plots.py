"""Drawings of the report as SVG elements; whatever text they get is escaped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from ciranda.events.judging import Verdict

from ..learning.reliability import Reliability
from ..telemetry.store import Crisis

__all__ = ["Column", "columns", "reliability_plot", "verdict_plot"]

_ORDER: Final = (Verdict.APPROVED, Verdict.UNCERTAIN, Verdict.REJECTED)
_WIDE: Final = 1096
_HIGH: Final = 170
_LEFT: Final = 52
_FLOOR: Final = 140  # y of the time axis
_SIDE: Final = 240  # of the square of a reliability plot
_EDGE: Final = 40
_TOP: Final = 18
_TALLY: Final = 34  # height of the bars of counts
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Column:
    """Judgements of a stretch of time by verdict; `start` in unix seconds."""

    start: float
    counts: dict[str, int]


def columns(
    minutes: Sequence[tuple[int, dict[str, int]]], since: float, until: float, *, most: int = 72
) -> list[Column]:
    """Return the counts of minutes in columns of equal width, all of the time covered.

    Args:
        minutes: Counts by verdict by the start of their minute.
        since: Where the first column begins, unix seconds.
        until: Where the last one ends.
        most: Columns at the most.
    """
    width = max(60.0, (until - since) / most)
    number = max(1, min(most, round((until - since) / width)))
    found = [Column(since + width * each, {}) for each in range(number)]
    for start, counts in minutes:
        # The first minute may have begun before the time that is shown.
        counted = found[min(number - 1, max(0, int((start - since) // width)))].counts
        for verdict, count in counts.items():
            counted[verdict] = counted.get(verdict, 0) + count
    return found


def verdict_plot(
    found: Sequence[Column], crises: Sequence[Crisis], since: float, until: float
) -> Markup:
    """Return verdicts over time as stacked columns, with crises behind them."""
    tallest = max((sum(column.counts.values()) for column in found), default=0) or 1
    span = max(1.0, until - since)

    def x(at: float) -> float:
        share = min(1.0, max(0.0, (at - since) / span))
        return _LEFT + share * (_WIDE - _LEFT - 8)

    parts = [
        Markup(
            '<svg width="{}" height="{}" viewBox="0 0 {} {}" role="img" '
            'aria-label="verdicts over time">'
        ).format(_WIDE, _HIGH, _WIDE, _HIGH)
    ]
    for share in (0.0, 0.5, 1.0):
        y = _FLOOR - share * (_FLOOR - _TOP)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(_LEFT, _WIDE - 8, y, y, _LEFT - 8, y + 4, f"{tallest * share:,.4g}")
        )
    for crisis in crises:
        left, right = x(crisis.began), x(until if crisis.ended is None else crisis.ended)
        parts.append(
            Markup(
                '<rect class="crisis" x="{:.1f}" y="{}" width="{:.1f}" height="{}">'
                "<title>crisis: {}</title></rect>"
                '<rect class="strip" x="{:.1f}" y="{}" width="{:.1f}" height="4"/>'
            ).format(
                left,
                _TOP,
                max(2.0, right - left),
                _FLOOR - _TOP,
                crisis.reason or "?",
                left,
                _TOP - 7,
                max(2.0, right - left),
            )
        )
    wide = (_WIDE - _LEFT - 8) / max(1, len(found))
    parts += [_stack(column, x(column.start), wide, tallest, span) for column in found]
    for part in range(5):
        at = since + span * part / 4
        anchor = ("start", "middle", "middle", "middle", "end")[part]
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                x(at), _FLOOR + 18, anchor, _clock(at, span)
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _stack(column: Column, left: float, wide: float, tallest: int, span: float) -> Markup:
    if not column.counts:
        return Markup("")
    said = ", ".join(
        f"{column.counts[verdict]:,} {verdict}" for verdict in _ORDER if verdict in column.counts
    )
    parts = [Markup("<g><title>{}: {}</title>").format(_clock(column.start, span), said)]
    y = float(_FLOOR)
    for verdict in _ORDER:
        high = column.counts.get(verdict, 0) / tallest * (_FLOOR - _TOP)
        if high:
            y -= high
            parts.append(
                Markup(
                    '<rect class="part {}" x="{:.1f}" y="{:.2f}" width="{:.1f}" height="{:.2f}"/>'
                ).format(verdict.value, left + 0.5, y, max(1.0, wide - 1), high)
            )
    return Markup("").join([*parts, Markup("</g>")])


def reliability_plot(found: Reliability, curve: Sequence[tuple[float, float]] = ()) -> Markup:
    """Return what was said against what was right, with the diagonal and the count of each bin.

    Args:
        found: The bins.
        curve: The calibration in use, from raw to calibrated confidence.
    """
    high = _TOP + _SIDE + _TALLY + 56
    wide = _EDGE + _SIDE + 46

    def x(value: float) -> float:
        return _EDGE + value * _SIDE

    def y(value: float) -> float:
        return _TOP + (1 - value) * _SIDE

    parts = [
        Markup(
            '<svg width="{}" height="{}" viewBox="0 0 {} {}" role="img" '
            'aria-label="reliability: confidence against the share of right answers">'
        ).format(wide, high, wide, high)
    ]
    parts += [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text x="{}" y="{}" text-anchor="end">{:g}</text>'
        ).format(x(0), x(1), y(value), y(value), _EDGE - 6, y(value) + 4, value)
        for value in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    parts += [
        Markup('<text x="{}" y="{}" text-anchor="middle">{:g}</text>').format(
            x(value), y(0) + 14, value
        )
        for value in (0.0, 0.5, 1.0)
    ]
    parts.append(
        Markup('<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            x(0), y(0), x(1), y(1)
        )
    )
    if curve:
        drawn = " ".join(f"{x(raw):.1f},{y(right):.1f}" for raw, right in curve)
        parts.append(Markup('<polyline class="curve" points="{}"/>').format(drawn))
    most = max((each.count for each in found.bins), default=0) or 1
    floor = _TOP + _SIDE + _TALLY + 22
    for each in found.bins:
        if not each.count:
            continue
        tall = max(1.0, each.count / most * _TALLY)
        middle = x((each.low + each.high) / 2)
        parts.append(
            Markup(
                '<g><title>{:,} answers said {:.1%}, {:.1%} were right</title>'
                '<line class="gap" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
                '<circle class="point" cx="{:.1f}" cy="{:.1f}" r="5"/>'
                '<rect class="tally" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                '<text x="{:.1f}" y="{}" text-anchor="middle">{}</text></g>'
            ).format(
                each.count, each.said, each.right,
                x(each.said), x(each.said), y(each.said), y(each.right),
                x(each.said), y(each.right),
                x(each.low) + 1, floor - tall, (each.high - each.low) * _SIDE - 2, tall,
                middle, floor + 12, _short(each.count),
            )
        )  # fmt: skip
    parts.append(
        Markup(
            '<text x="{}" y="{}" text-anchor="middle">confidence; below, answers in each bin</text>'
        ).format(x(0.5), floor + 28)
    )
    return Markup("").join([*parts, Markup("</svg>")])


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.3g}k"  # noqa: PLR2004  (a thousand)


def _clock(at: float, span: float) -> str:
    shape = "%b %d %H:%M" if span > _DAY / 2 else "%H:%M"
    return time.strftime(shape, time.gmtime(at))
