"""Where the frontmatter of a SKILL.md begins and ends.

Fences are found in the bytes, before anything is decoded: no other UTF-8 character holds these
bytes, and a file in UTF-16 or with a broken body is told apart from one without frontmatter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Fenced", "fence", "opens"]

_BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = re.compile(rb"---(?:\r?\n|\Z)")
# A line is what LF ends. Between the fences `---` in the first column can be nothing else: YAML
# ends every scalar there, block scalars and quoted ones too, and an indented one is no fence.
_CLOSING: Final = re.compile(rb"^---(?:\r?\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fenced:
    """A file cut at its fences; `body` is what follows the closing one."""

    frontmatter: bytes
    body: bytes


def opens(data: bytes) -> bool:
    """Tell whether the first line is exactly `---`."""
    return _OPENING.match(data.removeprefix(_BOM)) is not None


def fence(data: bytes) -> Fenced | None:
    """Return the parts of a file that `opens`, or None where no line closes the frontmatter."""
    data = data.removeprefix(_BOM)
    opening = _OPENING.match(data)
    if opening is None:
        return None
    closing = _CLOSING.search(data, opening.end())
    if closing is None:
        return None
    return Fenced(data[opening.end() : closing.start()], data[closing.end() :])
