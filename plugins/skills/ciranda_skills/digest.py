"""The content of a skill as one number: what trust and caches hold on to.

Times and sizes are not looked at, so an edit that keeps both changes the digest all the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from .error import SkillLimitError, UnreadableError
from .resources import open_regular, real_folder, reason_of, walk

__all__ = ["digest"]

_FORMAT: Final = b"ciranda skill 1\n"
_MOST_BYTES: Final = 1 << 30
_CHUNK: Final = 1 << 18
# Version control changes without the skill. `node_modules` and `__pycache__` count: an interpreter
# loads from there what no script names, so a change there is a change of the skill.
_SKIPPED: Final = frozenset((".git",))


def digest(root: Path, *, limit: int = _MOST_BYTES) -> str:
    """Return the SHA-256 in hex of all files of the skill at `root`.

    It covers each file's path, whether it is executable, and its bytes. Links are covered by
    what they say and not followed, pipes and devices by their presence. Where the folder lies,
    and what it is called, makes no difference.

    Args:
        root: The skill's folder.
        limit: Bytes that its files may have together.

    Raises:
        UnreadableError: A file or a folder cannot be read.
        SkillLimitError: There are too many files, or too many bytes in them.
    """
    top = real_folder(root)
    whole = hashlib.sha256(_FORMAT)
    found = [(os.fsencode(name), entry) for name, entry in walk(top, skipping=_SKIPPED)]
    left = limit
    for name, entry in sorted(found, key=lambda each: each[0]):
        try:
            kind, content, size = _content(entry, left)
        except OSError as error:
            raise UnreadableError(f"{entry.path} cannot be read: {reason_of(error)}") from None
        left -= size
        if left < 0:
            raise SkillLimitError(f"the files in {root} have more than {limit:,} bytes")
        whole.update(b"%c%d:%b%b" % (kind, len(name), name, content))
    return whole.hexdigest()


def _content(entry: os.DirEntry[str], left: int) -> tuple[bytes, bytes, int]:
    """Return what an entry is, its content in 32 bytes, and how many bytes were read for it."""
    if entry.is_symlink():
        return b"l", hashlib.sha256(os.fsencode(os.readlink(entry.path))).digest(), 0
    if not entry.is_file(follow_symlinks=False):
        return b"s", bytes(32), 0
    hashed = hashlib.sha256()
    size = 0
    with open_regular(entry.path) as stream:
        executable = os.fstat(stream.fileno()).st_mode & (
            stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
        )
        while size <= left and (chunk := stream.read(_CHUNK)):
            hashed.update(chunk)
            size += len(chunk)
    return b"x" if executable else b"f", hashed.digest(), size
