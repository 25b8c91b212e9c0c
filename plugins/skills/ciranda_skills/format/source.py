"""The bytes of a SKILL.md: finding it, and reading it whole or to the end of its frontmatter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..error import SkillError
from ..resources import SKILL_FILES, open_regular, reason_of, resolve
from .fences import fence, opens

__all__ = ["Source", "SourceError", "read_source"]

LARGEST_FRONTMATTER: Final = 1 << 20
LARGEST_FILE: Final = 16 << 20
_CHUNK: Final = 1 << 14


class SourceError(Exception):
    """There is no SKILL.md that could be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """A SKILL.md.

    Attributes:
        file: `SKILL.md`, or `skill.md`.
        data: Its bytes; without the whole body where only its head was asked for.
        cut: Whether it is larger than a skill may be.
    """

    file: str
    data: bytes
    cut: bool


def read_source(root: Path, *, head: bool) -> Source:
    """Return the SKILL.md of a folder.

    Args:
        root: The folder.
        head: Stop where the frontmatter ends, or cannot end any more.

    Raises:
        SourceError: There is none, or it is no regular file within the folder.
    """
    file = _find(root)
    if file is None:
        raise SourceError(f"there is no {SKILL_FILES[0]} in {root}")
    try:
        with open_regular(resolve(root, file)) as stream:
            limit = LARGEST_FRONTMATTER if head else LARGEST_FILE
            data = stream.read(_CHUNK if head else limit + 1)
            while head and len(data) <= limit and not _enough(data):
                chunk = stream.read(_CHUNK)
                if not chunk:
                    break
                data += chunk
    except SkillError as error:
        raise SourceError(f"{file} is not read: {error}") from None
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {reason_of(error)}") from None
    return Source(file, data, cut=not head and len(data) > limit)


def _find(root: Path) -> str | None:
    """Return the exact name of the file: a file system may not tell one case from the other."""
    try:
        names = set(os.listdir(root))
    except OSError:
        return None
    return next((name for name in SKILL_FILES if name in names), None)


def _enough(data: bytes) -> bool:
    """Tell whether reading on would not change where the frontmatter ends."""
    whole_lines = data[: data.rfind(b"\n") + 1]
    if whole_lines and not opens(whole_lines):
        return True
    return fence(whole_lines) is not None
