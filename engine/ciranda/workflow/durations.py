"""Lengths of time as people write them: `250ms`, `30s`, `1h30m`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DURATION_PATTERN", "duration_text", "parse_duration"]

DURATION_PATTERN: Final = r"^(?:[0-9]{1,12}(?:ms|s|m|h|d))+$"

_WHOLE: Final = re.compile(r"(?:[0-9]{1,12}(?:ms|s|m|h|d))+")
_PART: Final = re.compile(r"([0-9]+)(ms|s|m|h|d)")
# Milliseconds are whole numbers, so that `100ms` twice is exactly `200ms`.
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST: Final = 36_525 * 86_400_000  # a century: beyond it timers overflow on some systems


def parse_duration(text: str) -> float:
    """Return the seconds that `text` stands for.

    Raises:
        ValueError: The text is no duration, or longer than a century; its text is one sentence.
    """
    if not _WHOLE.fullmatch(text):
        unit = f"; write `{text}s` for seconds" if text.isascii() and text.isdigit() else ""
        raise ValueError(f"`{text}` is not a duration such as `250ms`, `30s` or `1h30m`{unit}")
    total = sum(int(count) * _MILLISECONDS[unit] for count, unit in _PART.findall(text))
    if total > _LONGEST:
        raise ValueError(f"`{text}` is longer than a century")
    return total / 1000


def duration_text(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads as these seconds."""
    rest = round(seconds * 1000)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
