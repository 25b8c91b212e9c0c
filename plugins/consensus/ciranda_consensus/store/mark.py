"""A number beside a store that only grows: an older copy of the store shows by it.

A validator that goes on from a restored backup votes a second time where it voted already, and
that costs it its stake. The mark is written after each transaction, without waiting for the disk:
it is never ahead of a store that belongs to it, whatever happens.
"""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from typing import Final, final

from ciranda.errors import StoreError

__all__ = ["Mark"]

NUMBER: Final = 8
CHECK: Final = 8


@final
class Mark:
    """The file, locked: one process works for a validator at a time.

    Args:
        path: Where it lies.

    Raises:
        StoreError: Another process holds it, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._closed = False
        try:
            self._file: Final = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{path} cannot be opened ({error.strerror})") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreError(
                f"another process works for the validator of {path}: stop it first, "
                "for one that votes twice loses its stake"
            ) from None

    def read(self) -> int:
        """Return the number; 0 if none was written, or if a power loss tore it.

        Raises:
            StoreError: The file is no mark.
        """
        data = os.pread(self._file, NUMBER + CHECK + 1, 0)
        if not data.strip(b"\x00"):
            return 0
        number = data[:NUMBER]
        if data[NUMBER:] != sha256(number).digest()[:CHECK]:
            raise StoreError(
                f"{self._path} is damaged: remove it if you are sure that the store beside it "
                "is the newest one, for an older one would vote twice"
            )
        return int.from_bytes(number, "big")

    def write(self, number: int) -> None:
        """Write a number.

        Raises:
            StoreError: It cannot be written.
        """
        data = number.to_bytes(NUMBER, "big")
        try:
            os.pwrite(self._file, data + sha256(data).digest()[:CHECK], 0)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written ({error.strerror})") from error

    def close(self) -> None:
        """Let another process work; closing again does nothing."""
        if not self._closed:
            self._closed = True
            os.close(self._file)
