"""The one repair that lenient reading makes: quoting a value that holds a colon.

`description: Use this when: somebody asks` is the commonest mistake in skills, and it has only
one meaning. Nothing else is guessed at.
"""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["repaired"]

_ENTRY: Final = re.compile(r"( *)([A-Za-z0-9_.-]+):[ \t]+(\S.*)")
_COLON: Final = re.compile(r":(?:[ \t]|$)")
# What begins so is quoted, a block, a collection or something else that is not plain text.
_NOT_PLAIN: Final = frozenset("'\"|>[]{}&*!#%@`")


def repaired(text: str) -> str | None:
    """Return the frontmatter with values quoted that hold a colon, or None where none does."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    written: list[str] = []
    changed = False
    at = 0
    while at < len(lines):
        entry = _ENTRY.fullmatch(lines[at])
        if entry is None:
            written.append(lines[at])
            at += 1
            continue
        indent, key, value = entry.groups()
        end = _end_of_value(lines, at + 1, len(indent))
        parts = [value, *lines[at + 1 : end]]
        if value[0] not in _NOT_PLAIN and any(_COLON.search(part.rstrip()) for part in parts):
            written.append(f"{indent}{key}: {json.dumps(_folded(parts), ensure_ascii=False)}")
            changed = True
        else:
            written += lines[at:end]
        at = end
    return "\n".join(written) if changed else None


def _end_of_value(lines: list[str], start: int, indent: int) -> int:
    """Return where the lines end that are indented more, and so belong to the value before."""
    end = start
    for at in range(start, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        if len(line) - len(line.lstrip(" ")) <= indent:
            break
        end = at + 1
    return end


def _folded(lines: list[str]) -> str:
    """Return the text of a plain value of several lines, folded as YAML does."""
    text = ""
    broken = 0
    for line in lines:
        word = line.strip()
        if not word:
            broken += 1
            continue
        text += "\n" * broken if broken else " " * bool(text)
        text += word
        broken = 0
    return text
