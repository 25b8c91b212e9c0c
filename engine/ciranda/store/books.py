"""What an engine keeps beside the log of runs, opened when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from ciranda.store.cursors import Cursors
    from ciranda.store.holders import Clock
    from ciranda.store.members import Members
    from ciranda.store.rows import Durability
    from ciranda.store.successes import Successes

__all__ = ["Books"]


@final
class Books:
    """The books of one engine: in the folder of its store, or in memory."""

    def __init__(self) -> None:
        self._cursors: dict[Path | None, Cursors] = {}
        self._members: dict[Path | None, Members] = {}
        self._successes: dict[Path | None, Successes] = {}
        self._lock: Final = threading.Lock()

    def cursors(self, folder: Path | None, clock: Clock) -> Cursors:
        """Return how far durable observers have come; None is a book in memory.

        Raises:
            StoreError: Its file cannot be used.
        """
        from ciranda.store.cursors import CursorsInFile, CursorsInMemory

        with self._lock:
            if folder not in self._cursors:
                self._cursors[folder] = (
                    CursorsInMemory() if folder is None else CursorsInFile(folder, clock)
                )
            return self._cursors[folder]

    def members(self, folder: Path | None) -> Members:
        """Return who belongs to which group of runs; None is a book in memory.

        Raises:
            StoreError: Its file cannot be used.
        """
        from ciranda.store.members import MembersInFile, MembersInMemory

        with self._lock:
            if folder not in self._members:
                found = MembersInMemory() if folder is None else MembersInFile(folder)
                self._members[folder] = found
            return self._members[folder]

    def successes(
        self, folder: Path | None, durability: Durability, wall: Callable[[], float]
    ) -> Successes:
        """Return what was done under which idempotency key; None is a book in memory.

        Raises:
            StoreError: Its file cannot be used.
        """
        from ciranda.store.successes import SuccessesInFile, SuccessesInMemory

        with self._lock:
            if folder not in self._successes:
                self._successes[folder] = (
                    SuccessesInMemory(wall)
                    if folder is None
                    else SuccessesInFile(folder, durability, wall)
                )
            return self._successes[folder]

    def close(self) -> None:
        """Give up files."""
        for books in (self._cursors, self._members, self._successes):
            for book in books.values():
                book.close()
