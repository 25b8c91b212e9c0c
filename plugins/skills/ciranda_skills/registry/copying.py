"""One skill's folder, copied by the rules for archives: regular files, portable names, bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ..resources import contains, open_regular, real_folder, walk
from .unpacking import Limits, Writing

__all__ = ["copy_skill"]

_CHUNK: Final = 1 << 18
# Compiled code is left behind: an interpreter would run it in place of the source beside it.
_SKIPPED: Final = frozenset((".git", "__pycache__"))
_RUN: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def copy_skill(root: Path, folder: Path, limits: Limits | None = None) -> tuple[str, ...]:
    """Copy a skill into a folder; returns sentences on what was left out.

    A link to a file of the skill becomes that file. Other links, pipes, devices and sockets are
    left out, and `.git` and `__pycache__` without a word.

    Args:
        root: The skill.
        folder: It must not exist.
        limits: What it may hold.

    Raises:
        Refusal: A name is not portable, or there is too much.
        SkillError: A folder cannot be read.
        OSError: A file cannot be read or written.
    """
    top = real_folder(root)
    folder.mkdir(parents=True)
    writing = Writing(folder, limits or Limits(), durable=True)
    left_out = []
    for path, entry in sorted(walk(top, skipping=_SKIPPED), key=lambda each: os.fsencode(each[0])):
        real = _real(top, entry)
        if real is None:
            left_out.append(f"`{path}` is left out: it is no file of the skill")
            continue
        with open_regular(real) as stream:
            runs = bool(os.fstat(stream.fileno()).st_mode & _RUN)
            writing.file(path, _chunks(stream), executable=runs)
    writing.close()
    return tuple(left_out)


def _real(top: str, entry: os.DirEntry[str]) -> str | None:
    """Return the path of the file that an entry is, or leads to within the skill."""
    try:
        real = os.path.realpath(entry.path, strict=True) if entry.is_symlink() else entry.path
        status = os.lstat(real)
    except (OSError, ValueError):
        return None
    return real if contains(top, real) and stat.S_ISREG(status.st_mode) else None


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
