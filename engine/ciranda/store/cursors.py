"""How far observers have come in the logs of runs, for observers that miss nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, final

import msgspec

from ciranda.store.database import Database
from ciranda.store.holders import Clock, Holder, Process, is_held
from ciranda.store.rows import Durability

__all__ = ["NOWHERE", "Cursor", "Cursors", "CursorsInFile", "CursorsInMemory"]

HELD: Final = 60.0  # seconds that a claim stands without a move

_MIGRATIONS: Final = (
    """
    CREATE TABLE observers(name TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE cursors(
        name TEXT NOT NULL, run INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
        owner TEXT NOT NULL DEFAULT '', holder TEXT NOT NULL DEFAULT '',
        PRIMARY KEY(name, run)) WITHOUT ROWID;
    """,
)


class Cursor(msgspec.Struct, frozen=True):
    """The last record that an observer is done with.

    Attributes:
        seq: Its place in the run's log; -1 before the first.
        at: Its time, by which a log is known that lost its end and grew another one.
    """

    seq: int
    at: float


NOWHERE: Final = Cursor(-1, 0.0)


class Cursors(Protocol):
    """Cursors by observer and run; runs by their number in the log.

    Raises:
        StoreError: They cannot be read or written.
    """

    def begin(self, name: str, newest: int) -> int:
        """Return the run after which an observer begins; `newest` the first time it is seen.

        No run is newer than `newest`: what is known of such a one is of a log that is no more.
        """
        ...

    def places(self, name: str) -> dict[int, int]:
        """Return the places of all cursors of an observer, by run."""
        ...

    def claim(self, name: str, run: int, owner: str) -> Cursor | None:
        """Become the one who tells an observer of a run; None while somebody else does."""
        ...

    def move(self, name: str, run: int, owner: str, cursor: Cursor) -> bool:
        """Move a cursor that was claimed; say whether the claim still stands."""
        ...

    def release(self, name: str, run: int, owner: str) -> None:
        """Let somebody else go on; nothing happens if the claim was lost."""
        ...

    def forget(self, name: str, since: int, runs: Sequence[int]) -> None:
        """Have an observer begin after `since`, and drop its cursors of some runs."""
        ...

    def close(self) -> None:
        """Give up files."""
        ...


@final
class CursorsInMemory:
    """The cursors of one engine whose log is in memory."""

    def __init__(self) -> None:
        self._since: Final[dict[str, int]] = {}
        self._cursors: Final[dict[tuple[str, int], Cursor]] = {}
        self._owners: Final[dict[tuple[str, int], str]] = {}
        self._lock: Final = threading.Lock()

    def begin(self, name: str, newest: int) -> int:
        """See `Cursors`."""
        return self._since.setdefault(name, newest)

    def places(self, name: str) -> dict[int, int]:
        """See `Cursors`."""
        with self._lock:
            return {run: each.seq for (of, run), each in self._cursors.items() if of == name}

    def claim(self, name: str, run: int, owner: str) -> Cursor | None:
        """See `Cursors`."""
        with self._lock:
            if self._owners.setdefault((name, run), owner) != owner:
                return None
            return self._cursors.get((name, run), NOWHERE)

    def move(self, name: str, run: int, owner: str, cursor: Cursor) -> bool:
        """See `Cursors`."""
        with self._lock:
            if self._owners.get((name, run)) != owner:
                return False
            self._cursors[name, run] = cursor
            return True

    def release(self, name: str, run: int, owner: str) -> None:
        """See `Cursors`."""
        with self._lock:
            if self._owners.get((name, run)) == owner:
                del self._owners[name, run]

    def forget(self, name: str, since: int, runs: Sequence[int]) -> None:
        """See `Cursors`."""
        with self._lock:
            self._since[name] = since
            for run in runs:
                self._cursors.pop((name, run), None)

    def close(self) -> None:
        """Keep no files."""


@final
class CursorsInFile:
    """`observers.db` in the store's folder, for all processes of one machine.

    Args:
        folder: The store's.
        clock: The two clocks.
        process: This process, as it shows in claims.
    """

    def __init__(self, folder: Path, clock: Clock, process: Process | None = None) -> None:
        # A loss of power may set cursors back, and what they passed is told again: nothing need
        # wait for the disk.
        self._database: Final = Database(
            "observers", _MIGRATIONS, folder=folder, durability=Durability.PROCESS
        )
        self._clock: Final = clock
        self._process: Final = process or Process()

    def begin(self, name: str, newest: int) -> int:
        """See `Cursors`."""
        sql = "SELECT since FROM observers WHERE name = ?"
        rows = self._database.query(sql, (name,))
        if rows and rows[0][0] <= newest:
            return int(rows[0][0])
        with self._database.transaction():
            self._database.execute("INSERT OR REPLACE INTO observers VALUES(?,?)", (name, newest))
            self._database.execute("DELETE FROM cursors WHERE name = ? AND run > ?", (name, newest))
        return newest

    def places(self, name: str) -> dict[int, int]:
        """See `Cursors`."""
        return dict(self._database.query("SELECT run, seq FROM cursors WHERE name = ?", (name,)))

    def claim(self, name: str, run: int, owner: str) -> Cursor | None:
        """See `Cursors`."""
        with self._database.transaction():
            rows = self._database.execute(
                "SELECT seq, at, owner, holder FROM cursors WHERE name = ? AND run = ?", (name, run)
            )
            cursor = NOWHERE
            for seq, at, of, holder in rows:
                if holder and of != owner and self._stands(holder):
                    return None
                cursor = Cursor(seq, at)
            self._database.execute(
                "INSERT OR REPLACE INTO cursors VALUES(?,?,?,?,?,?)",
                (name, run, cursor.seq, cursor.at, owner, self._hold(owner)),
            )
        return cursor

    def move(self, name: str, run: int, owner: str, cursor: Cursor) -> bool:
        """See `Cursors`."""
        changed = self._database.change(
            "UPDATE cursors SET seq = ?, at = ?, holder = ? "
            "WHERE name = ? AND run = ? AND owner = ?",
            (cursor.seq, cursor.at, self._hold(owner), name, run, owner),
        )
        return changed > 0

    def release(self, name: str, run: int, owner: str) -> None:
        """See `Cursors`."""
        self._database.execute(
            "UPDATE cursors SET owner = '', holder = '' WHERE name = ? AND run = ? AND owner = ?",
            (name, run, owner),
        )

    def forget(self, name: str, since: int, runs: Sequence[int]) -> None:
        """See `Cursors`."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE observers SET since = max(since, ?) WHERE name = ?", (since, name)
            )
            self._database.execute_many(
                "DELETE FROM cursors WHERE name = ? AND run = ?", [(name, run) for run in runs]
            )

    def close(self) -> None:
        """See `Cursors`."""
        self._database.close()

    def _hold(self, owner: str) -> str:
        return msgspec.json.encode(self._process.hold(owner, HELD, self._clock)).decode()

    def _stands(self, holder: str) -> bool:
        held = msgspec.json.decode(holder, type=Holder)
        return is_held(held, self._process, self._clock)
