"""Deadlines of parts: no later than that of what they are a part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciranda.workflow.durations import parse_duration

__all__ = ["within"]


def within(part: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a part, its deadline no later than that of the whole.

    Both are as a plan file has them; what is no deadline stays as it is, for its reader to refuse.
    """
    outer = _deadline(whole)
    if outer is None:
        return dict(part)
    if "deadline" in part or "deadline_ms" in part:
        inner = _deadline(part)
        if inner is None or not inner > outer:
            return dict(part)
    kept = {name: value for name, value in part.items() if name != "deadline_ms"}
    return {**kept, "deadline": outer}


def _deadline(fields: Mapping[str, Any]) -> float | None:
    """Return a deadline in seconds, None if there is none or it is wrong."""
    for name, scale in (("deadline", 1.0), ("deadline_ms", 0.001)):
        value = fields.get(name)
        if isinstance(value, str) and name == "deadline":
            try:
                return parse_duration(value)
            except ValueError:
                return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value * scale
    return None
