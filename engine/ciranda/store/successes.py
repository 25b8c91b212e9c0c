"""What was done under an idempotency key: its outcome, for whoever asks with the same key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, final

from ciranda.store.checksum import row_check
from ciranda.store.database import Database
from ciranda.store.rows import Durability

__all__ = ["KEPT", "Success", "Successes", "SuccessesInFile", "SuccessesInMemory"]

KEPT: Final = 30 * 86400.0  # seconds that a success is remembered

_MIGRATIONS: Final = (
    """
    CREATE TABLE successes(
        key TEXT PRIMARY KEY, inputs TEXT NOT NULL, payload BLOB NOT NULL, at REAL NOT NULL,
        "check" INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX successes_by_time ON successes(at);
    """,
)


@dataclass(frozen=True, slots=True)
class Success:
    """The outcome of something that was done.

    Attributes:
        inputs: The digest of what it was done with.
        payload: What it gave, encoded.
        at: When, in seconds since the epoch.
    """

    inputs: str
    payload: bytes
    at: float


class Successes(Protocol):
    """Outcomes by key, for 30 days."""

    def find(self, key: str) -> Success | None:
        """Return what was done under a key; None if nothing was, or it is too long ago.

        Raises:
            StoreError: It cannot be read, or is damaged.
        """
        ...

    def keep(self, key: str, inputs: str, payload: bytes) -> None:
        """Remember an outcome; the first of a key stays.

        Raises:
            StoreError: It cannot be written.
        """
        ...

    def close(self) -> None:
        """Give up files."""
        ...


@final
class SuccessesInMemory:
    """What one process has done.

    Args:
        wall: Seconds since the epoch.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall: Final = wall
        self._found: Final[dict[str, Success]] = {}  # oldest first

    def find(self, key: str) -> Success | None:
        """See `Successes`."""
        self._forget()
        return self._found.get(key)

    def keep(self, key: str, inputs: str, payload: bytes) -> None:
        """See `Successes`."""
        self._forget()
        self._found.setdefault(key, Success(inputs, payload, self._wall()))

    def _forget(self) -> None:
        oldest = self._wall() - KEPT
        while self._found and next(iter(self._found.values())).at <= oldest:
            del self._found[next(iter(self._found))]

    def close(self) -> None:
        """Keep no files."""


@final
class SuccessesInFile:
    """`keys.db` in the store's folder, for all processes of one machine.

    Args:
        folder: The store's.
        durability: What a remembered outcome survives.
        wall: Seconds since the epoch.
    """

    def __init__(self, folder: Path, durability: Durability, wall: Callable[[], float]) -> None:
        self._wall: Final = wall
        self._database: Final = Database("keys", _MIGRATIONS, folder=folder, durability=durability)

    def find(self, key: str) -> Success | None:
        """See `Successes`; a row that is damaged is none: the other side knows the key too."""
        rows = self._database.query(
            'SELECT inputs, payload, at, "check" FROM successes WHERE key = ? AND at > ?',
            (key, self._wall() - KEPT),
        )
        for inputs, payload, at, check in rows:
            if check == row_check(key, inputs, at, payload):
                return Success(inputs, payload, at)
        return None

    def keep(self, key: str, inputs: str, payload: bytes) -> None:
        """See `Successes`."""
        at = self._wall()
        with self._database.transaction():
            self._database.execute("DELETE FROM successes WHERE at <= ?", (at - KEPT,))
            self._database.execute(
                "INSERT OR IGNORE INTO successes VALUES(?,?,?,?,?)",
                (key, inputs, payload, at, row_check(key, inputs, at, payload)),
            )

    def close(self) -> None:
        """See `Successes`."""
        self._database.close()
