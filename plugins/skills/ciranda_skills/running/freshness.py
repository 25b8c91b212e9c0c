"""Whether a skill's files are still those that a warm process has loaded.

Only when a look at them finds something changed is the content read again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, final

import anyio.to_thread

from ..digest import digest
from ..watch import Watch

__all__ = ["Fresh", "entries_of"]

_SKIPPED: Final = frozenset((".git",))


@final
class Fresh:
    """The digest of one skill's folder, kept up to date.

    Args:
        root: The folder.
        clock: Nanoseconds since the epoch.
    """

    __slots__ = ("_clock", "_held", "_root")

    def __init__(self, root: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._root = root
        self._clock = clock
        self._held: tuple[Watch, str] | None = None  # one value: threads replace it as a whole

    async def now(self) -> str:
        """Return the digest as of now.

        Raises:
            SkillError: The folder cannot be read, or holds too much.
        """
        held = self._held
        if held is None or not held[0].holds():
            held = await anyio.to_thread.run_sync(self._again)
        return held[1]

    def _again(self) -> tuple[Watch, str]:
        # Looked at before it is read: what changes meanwhile is seen by the next look.
        watch = Watch(entries_of(self._root), asked=self._clock())
        held = self._held = watch, digest(self._root)
        return held


def entries_of(root: Path) -> Iterator[str]:
    """Yield the folders of a skill and all that lies in them, as far as its digest covers them."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield folder
        yield from (os.path.join(folder, name) for name in files)
