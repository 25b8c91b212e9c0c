"""Entries as regular files below a folder that is new and ours alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .hazard import Hazard, Refusal
from .limits import Limits, Meter
from .pathname import Paths, parts_of, shown

__all__ = ["Writing"]

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Writing:
    """Writes files and folders, never a link, so no path can lead through one.

    Args:
        root: An existing empty folder that nobody else writes to.
        limits: What it may hold.
        durable: Wait for the disk.

    Attributes:
        meter: What was written so far.
        files: Paths of the files written, with `/` between names.
    """

    def __init__(self, root: Path, limits: Limits, *, durable: bool = False) -> None:
        self.meter: Final = Meter(limits)
        self.files: Final[list[str]] = []
        self._root: Final = str(root)
        self._durable: Final = durable
        self._paths: Final = Paths()
        self._folders: Final[dict[tuple[str, ...], str]] = {(): self._root}

    def folder(self, path: str) -> None:
        """Make a folder.

        Raises:
            Refusal: Its path breaks a rule, or a limit is reached.
        """
        self.meter.entry()
        parts = parts_of(path)
        if parts:  # an archive may name the folder that it was made of: `./`
            self._paths.take(parts, folder=True)
            self._made(parts)

    def file(self, path: str, chunks: Iterable[bytes], *, executable: bool = False) -> None:
        """Write a file.

        Raises:
            Refusal: Its path breaks a rule, or a limit is reached.
        """
        self.meter.entry()
        parts = parts_of(path)
        if not parts or path.endswith("/"):
            raise Refusal(Hazard.NAME, f"the entry {shown(path)} has no name")
        self._paths.take(parts, folder=False)
        target = os.path.join(self._made(parts[:-1]), parts[-1])
        most = self.meter.limits.file
        size = 0
        with os.fdopen(os.open(target, _FLAGS, 0o755 if executable else 0o644), "wb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > most:
                    said = f"the entry {shown(path)} has more than {most:,} bytes"
                    raise Refusal(Hazard.SIZE, said)
                self.meter.written(len(chunk))
                stream.write(chunk)
            if self._durable:
                stream.flush()
                os.fsync(stream.fileno())
        self.files.append("/".join(parts))

    def close(self) -> None:
        """Make the folders durable, if files are."""
        for folder in reversed(self._folders.values()) if self._durable else ():
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _made(self, parts: tuple[str, ...]) -> str:
        known = self._folders.get(parts)
        if known is None:
            known = os.path.join(self._made(parts[:-1]), parts[-1])
            os.mkdir(known, 0o755)
            self._folders[parts] = known
        return known
