"""What an install, an update or a rollback changes."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from ..resources import open_regular, real_folder, walk
from .record import Record, Version

__all__ = ["Change", "Difference", "difference"]

_SKIPPED: Final = frozenset((".git", "__pycache__"))
_CHUNK: Final = 1 << 18
_RUN: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


class Difference(msgspec.Struct, frozen=True):
    """Paths of files, sorted, by what happens to them."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = ("added", self.added), ("removed", self.removed), ("changed", self.changed)
        said = [f"{len(paths)} {word}" for word, paths in counts if paths]
        return ", ".join(said) or "no file differs"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A skill before and after.

    Attributes:
        record: As it is now, or would be.
        folder: Where the skill stands.
        before: What stood there; None for nothing.
        files: What differs.
        done: Whether it was carried out.
        warnings: Sentences on what was left out.
    """

    record: Record
    folder: Path
    before: Version | None = None
    files: Difference = Difference()
    done: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def after(self) -> Version:
        """What stands there now, or would."""
        return self.record.current

    @property
    def unchanged(self) -> bool:
        """Whether the content is what it was."""
        return self.before is not None and self.before.digest == self.after.digest


def difference(before: Path | None, after: Path) -> Difference:
    """Compare the files of two folders.

    Raises:
        SkillError: One of them cannot be read.
        OSError: One of their files cannot be read.
    """
    old = _contents(before) if before else {}
    new = _contents(after)
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(path for path in new.keys() & old.keys() if new[path] != old[path])),
    )


def _contents(root: Path) -> dict[str, str]:
    return {
        os.fsencode(path).decode(errors="replace"): _content(entry)
        for path, entry in walk(real_folder(root), skipping=_SKIPPED)
    }


def _content(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
        return "no file"
    with open_regular(entry.path) as stream:
        hashed = hashlib.sha256(str(bool(os.fstat(stream.fileno()).st_mode & _RUN)).encode())
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()
