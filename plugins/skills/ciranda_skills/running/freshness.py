"""Whether a skill's files are still those that a warm process has loaded.

A look at a file's identity and times costs a microsecond or two; only when they changed is the
content read again. A file that changed in the last moment could change again within the same
tick of its clock, so times that young are not relied upon.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, final

import anyio.to_thread

from ..digest import digest

__all__ = ["Fresh"]

_YOUNG_NS: Final = 50_000_000
_SKIPPED: Final = frozenset((".git",))
Seen = tuple[int, int, int, int, int]


@final
class Fresh:
    """The digest of one skill's folder, kept up to date.

    Args:
        root: The folder.
        clock: Nanoseconds since the epoch.
    """

    __slots__ = ("_clock", "_digest", "_paths", "_root", "_seen", "_young")

    def __init__(self, root: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._root = root
        self._clock = clock
        self._paths: tuple[str, ...] = ()
        self._seen: tuple[Seen | None, ...] = ()
        self._young = True
        self._digest = ""

    async def now(self) -> str:
        """Return the digest as of now.

        Raises:
            SkillError: The folder cannot be read, or holds too much.
        """
        if self._young or tuple(map(_look, self._paths)) != self._seen:
            await anyio.to_thread.run_sync(self._again)
        return self._digest

    def _again(self) -> None:
        # Looked at before it is read: what changes meanwhile is seen by the next look.
        asked = self._clock()
        self._paths = tuple(_entries(os.fspath(self._root)))
        self._seen = tuple(map(_look, self._paths))
        self._digest = digest(self._root)
        latest = max((max(each[2:4]) for each in self._seen if each is not None), default=0)
        self._young = asked - latest < _YOUNG_NS


def _look(path: str) -> Seen | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _entries(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield folder
        yield from (os.path.join(folder, name) for name in files)
