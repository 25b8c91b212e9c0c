"""A private folder for each run, gone when it has ended."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, final

import anyio.to_thread
import msgspec

__all__ = ["Folders", "Room"]

_PREFIX: Final = "ciranda-skills-run-"
_YOUNG: Final = 60.0  # seconds in which the owner of a new folder has locked it


@final
class Room(msgspec.Struct, frozen=True):
    """What the private folder of one run has room for.

    Attributes:
        mb: MiB.
        files: Files and folders.
    """

    mb: int = 256
    files: int = 10_000


@final
class Folders:
    """Makes and removes private folders below one of its own.

    A lock on that says that its engine is alive. Folders of the same user without one, which an
    engine that was killed has left, are removed with it.

    Args:
        below: Where; None is the system's folder for temporary files.
        clock: Seconds since 1970.
    """

    def __init__(self, below: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._top = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX, dir=below))
        self._lock = os.open(self._top, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._clock: Final = clock
        self._numbers = itertools.count()

    def make(self) -> str:
        """Return the path of a new folder that nobody else may enter."""
        path = os.path.join(self._top, str(next(self._numbers)))
        os.mkdir(path, 0o700)
        return path

    async def remove(self, path: str) -> None:
        """Remove a folder with all that was put there; never fails."""
        try:
            os.rmdir(path)  # most runs leave nothing
        except OSError:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_remove, path)

    async def close(self) -> None:
        """Remove everything, and what others of ours left behind."""
        await self.remove(self._top)
        os.close(self._lock)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_sweep, os.path.dirname(self._top), self._clock())


def _sweep(below: str, now: float) -> None:
    """Remove the folders of engines that are gone; one that cannot be removed stays."""
    for path in list(_left(below, now)):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else was faster
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        except OSError:
            pass  # its engine is alive
        finally:
            os.close(fd)


def _left(below: str, now: float) -> Iterator[str]:
    """Yield the folders of this user that are old enough to have been locked."""
    with os.scandir(below) as entries:
        for entry in entries:
            if not entry.name.startswith(_PREFIX):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            old = found.st_mtime < now - _YOUNG
            if old and found.st_uid == os.geteuid() and entry.is_dir(follow_symlinks=False):
                yield entry.path


def _remove(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return
    # Folders that not even we may enter: each is opened to us before the walk comes to it.
    os.chmod(path, 0o700)
    for folder, below, _ in os.walk(path):
        for name in below:
            each = os.path.join(folder, name)
            if not os.path.islink(each):
                os.chmod(each, 0o700)
    shutil.rmtree(path, ignore_errors=True)
