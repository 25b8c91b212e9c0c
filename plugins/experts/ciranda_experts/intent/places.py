"""Where things of an intent were written, asked only when somebody has to be told."""

from __future__ import annotations

import re
from typing import Final, Protocol, TypeAlias

__all__ = ["Apart", "Path", "Places", "path_of", "where"]

Path: TypeAlias = tuple[str | int, ...]  # such as ("pre", 2)
_PART: Final = re.compile(r"\[([0-9]+)\]|([^.\[]+)")


class Places(Protocol):
    """A file, a text, or nothing at all."""

    @property
    def written(self) -> bool:
        """Whether conditions have positions that are worth keeping."""

    def of(self, path: Path) -> tuple[int, int]:
        """Return line and column, from 1, of what `path` names; 0 is unknown."""

    def within(self, path: Path, text: str, offset: int) -> tuple[int, int]:
        """Return line and column of character `offset` of the text that `path` names."""


class Apart:
    """Data that was not written in one piece: positions count within each condition's own text.

    Args:
        line: What the first line of each counts as, such as its line in a file of JSON lines.
    """

    __slots__ = ("_line",)

    written = False

    def __init__(self, line: int) -> None:
        self._line = line

    def of(self, path: Path) -> tuple[int, int]:
        """Return the line alone."""
        return self._line, 0

    def within(self, path: Path, text: str, offset: int) -> tuple[int, int]:
        """Return the place in the text itself."""
        before = text[:offset]
        return self._line + before.count("\n"), offset - (before.rfind("\n") + 1) + 1


def where(path: Path) -> str:
    """Return a path as messages name it: `pre[2]`, `code[0].language`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def path_of(named: str) -> Path:
    """Return the path that `where` names."""
    return tuple(int(each[1]) if each[1] else each[2] for each in _PART.finditer(named))
