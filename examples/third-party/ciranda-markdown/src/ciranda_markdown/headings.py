"""Headings and links of a Markdown text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["headings_of", "links_of", "slug"]

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)")
_CODE: Final = re.compile(r"`[^`]*`")


def headings_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield level and title of each heading; what is in fences is none."""
    for line in _prose(text):
        found = _HEADING.match(line)
        if found:
            yield len(found[1]), found[2]


def links_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield line, from 1, and target of each link outside of code."""
    for number, line in enumerate(_prose(text), 1):
        for found in _LINK.finditer(_CODE.sub("", line)):
            yield number, found[1]


def slug(title: str) -> str:
    """Return what a heading is called in links to it."""
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.strip().replace(" ", "-")


def _prose(text: str) -> Iterator[str]:
    """Yield the lines, those within fences as empty ones."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence):
                fence = ""
            yield ""
        elif found:
            fence = found[1]
            yield ""
        else:
            yield line
