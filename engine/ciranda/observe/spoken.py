"""Durations and counts as people say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["plural", "spoken", "tally"]

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


def spoken(seconds: float) -> str:
    """Return a duration in at most nine columns: `0 ms`, `1.24 s`, `3 m 05 s`, `2 h 10 m`."""
    if round(seconds, 3) < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if round(seconds, 2) < 10:  # noqa: PLR2004  (three digits are enough)
        return f"{seconds:.2f} s"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    if round(seconds) < _HOUR:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} m {rest:02d} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest:02d} m"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 step`, `1,200 steps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def tally(counts: Mapping[str, int]) -> str:
    """Return counts by status as one phrase: `98 ok, 2 failed`."""
    words = {"succeeded": "ok"}
    return ", ".join(
        f"{number:,} {words.get(status, status)}" for status, number in counts.items() if number
    )


def amounts(used: Mapping[str, float]) -> str:
    """Return what was used, by name: `tokens 1,200, usd 0.004`."""
    return ", ".join(f"{name} {amount:,.10g}" for name, amount in used.items())
