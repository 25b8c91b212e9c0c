"""Text with its code spans taken out, so that what is code is not read as words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["SPAN", "Masked", "mask"]

# A span stands as its number between two characters that no text of people holds.
SPAN: Final = re.compile("\ue000(\\d+)\ue001")
_CODE: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_STRONG: Final = re.compile(r"(?<![\w*/.])(\*\*|__|\*)(?=[^\s*])([^*]+?)(?<=[^\s*/])\1(?![\w*/.])")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINK: Final = re.compile(r"!?\[([^\[\]]+)\]\([^()\s]*\)")


@dataclass(frozen=True, slots=True)
class Masked:
    """Words with numbers in place of code spans."""

    text: str
    spans: tuple[str, ...]

    def part(self, text: str) -> Masked:
        """Return a part of the words, with the same spans."""
        return Masked(text, self.spans)

    def plain(self, text: str | None = None) -> str:
        """Return the words, or a part of them, with the spans in their places, without marks."""
        words = self.text if text is None else text
        return " ".join(SPAN.sub(lambda found: self.spans[int(found[1])], words).split())


def mask(text: str) -> Masked:
    """Take code spans, emphasis and the addresses of links out of a text."""
    spans: list[str] = []

    def keep(found: re.Match[str]) -> str:
        spans.append(found[2].strip())
        return f"\ue000{len(spans) - 1}\ue001"

    words = _CODE.sub(keep, text.replace("\ue000", " ").replace("\ue001", " "))
    words = _STRONG.sub(r"\2", _LINK.sub(r"\1", words))
    words = _ESCAPED.sub(r"\1", words)
    return Masked(" ".join(words.split()), tuple(spans))
