"""Text of unknown origin, made safe and measurable for a terminal."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["clip", "columns", "pad", "visible"]

# C0 and C1 controls, invisible and direction-changing characters, halves of characters.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200c\u200e-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0e\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_KEPT: Final = {"\n": " ", "\t": "    ", "\r": ""}


def visible(text: str) -> str:
    """Return one line in which nothing can move the cursor, change colours or hide."""
    return _HIDDEN.sub(_written, text.replace("\r\n", "\n"))


def _written(found: re.Match[str]) -> str:
    char = found[0]
    if char in _KEPT:
        return _KEPT[char]
    code = ord(char)
    if code < 0x100:  # noqa: PLR2004  (two hex digits reach this far)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.combining(char) or char == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clip(text: str, width: int, more: str = "…") -> str:
    """Return as much of a text as fits, ending in `more` when something is left out."""
    if columns(text) <= width:
        return text
    room, kept = max(0, width - columns(more)), []
    for char in text:
        room -= _width(char)
        if room < 0:
            break
        kept.append(char)
    return ("".join(kept) + more) if width >= columns(more) else ""


def pad(text: str, width: int, more: str = "…") -> str:
    """Return a text of exactly `width` columns, clipped or filled with spaces."""
    text = clip(text, width, more)
    return text + " " * (width - columns(text))
