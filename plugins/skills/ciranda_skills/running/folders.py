"""A private folder for each run, gone when it has ended."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import final

import anyio.to_thread

__all__ = ["Folders"]


@final
class Folders:
    """Makes and removes private folders below one of its own.

    Args:
        below: Where; None is the system's folder for temporary files.
    """

    def __init__(self, below: Path | None) -> None:
        self._top = os.path.realpath(tempfile.mkdtemp(prefix="ciranda-skills-", dir=below))
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
        """Remove everything."""
        await self.remove(self._top)


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
