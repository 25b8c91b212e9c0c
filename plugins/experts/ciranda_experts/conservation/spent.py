"""Spent transactions: on disk, so that an id moves money once, whoever asks and whenever."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, final

import msgspec

from ciranda.store import Database, Durability
from ciranda.store.folder import NAME

__all__ = ["Conflict", "Reservation", "Spent", "State"]

_NAME: Final = "experts-spent"
_MIGRATIONS: Final = [
    """
    CREATE TABLE spent(
        id BLOB PRIMARY KEY,    -- of the transaction
        digest BLOB NOT NULL,   -- of what was judged
        step BLOB NOT NULL,     -- key of the step that asked, empty without one
        token TEXT NOT NULL,    -- of the reservation that stands, or that was settled
        state TEXT NOT NULL,
        at REAL NOT NULL        -- seconds since 1970: when it was reserved
    ) STRICT, WITHOUT ROWID
    """
]
_FIND: Final = "SELECT digest, step, token, state, at FROM spent WHERE id = ?"
_PUT: Final = "INSERT OR REPLACE INTO spent VALUES(?, ?, ?, ?, ?, ?)"
_REMOVE: Final = "DELETE FROM spent WHERE id = ?"


class State(StrEnum):
    """What is known of a transaction that is known."""

    RESERVED = "reserved"  # somebody judges it, or died over it
    SPENT = "spent"  # it was approved


class Reservation(msgspec.Struct, frozen=True):
    """The right to have a transaction approved; `Spent.settle` ends it.

    `token` tells it from other reservations by the same step, `at` is seconds since 1970.
    """

    transaction: str
    digest: str
    step: str
    token: str
    at: float


class Conflict(msgspec.Struct, frozen=True):
    """Why a transaction may not be approved: another one has its id.

    `at` says since when (seconds since 1970), `same_content` and `same_step` what both share.
    """

    transaction: str
    state: State
    at: float
    same_content: bool
    same_step: bool


@final
class Spent:
    """The transactions that were approved, and those that are being judged.

    An id belongs to the first who reserves it: to a digest of content and the key of a step. The
    same pair again, as after a resume, gets the id again; everybody else gets a conflict. Without
    a step nobody can be known again, so each question is somebody else.

    A reservation that is settled as not approved gives its id back. One whose process died stays:
    its step may take it up again, others may not; `release` frees it by hand. What was approved
    stays for ever, about 200 bytes an id.

    Safe to share between threads; processes meet in the file, which is made when it is first
    needed. With `Durability.POWER` an approval is on disk before `settle` returns. A reservation
    needs no sync of its own: whoever survives a loss of power has not been told anything yet.

    Args:
        folder: The folder of the project's store, `engine.folder`.
        durability: What an approval survives.
        looking: Say what would come of a transaction, and write nothing.
        clock: Seconds since 1970.
        token: Makes tokens, each another one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = Durability.POWER,
        looking: bool = False,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = secrets.token_hex,
    ) -> None:
        self.durability: Final = durability
        self._folder: Final = folder
        self._looking: Final = looking
        self._clock: Final = clock
        self._token: Final = token
        self._lock: Final = threading.Lock()
        self._opened: Database | None = None
        self._synced = True  # whether a commit waits for the disk just now

    def reserve(self, transaction: str, digest: str, step: str = "") -> Reservation | Conflict:
        """Take the id of a transaction, or say who has it.

        Args:
            transaction: The id, compared character by character.
            digest: Of everything that is judged (`Intent.key`).
            step: Idempotency key of the step that asks, or "".

        Raises:
            StoreError: The file cannot be written.
        """
        mine = Reservation(transaction, digest, step, self._token(), self._clock())
        with self._lock:
            if self._looking:
                return self._seen(mine)
            database = self._database(synced=False)
            with database.transaction():
                found = self._other(database, mine)
                if isinstance(found, Conflict):
                    return found
                if found is not State.SPENT:
                    self._put(database, mine, State.RESERVED)
        return mine

    def settle(self, reservations: Iterable[tuple[Reservation, bool]]) -> list[Conflict | None]:
        """End reservations, all in one commit: each is spent if it was approved, else given back.

        Settling twice changes nothing. An approval stands only where None is returned for it: an
        id that was given back in between, by the same step, may have gone to somebody else.

        Raises:
            StoreError: The file cannot be written; no approval of these may be relied upon.
        """
        lot = tuple(reservations)
        if self._looking:
            return [None] * len(lot)
        with self._lock:
            database = self._database(synced=any(spent for _, spent in lot))
            with database.transaction():
                return [self._settle(database, each, spent) for each, spent in lot]

    def release(self, transaction: str) -> bool:
        """Free an id that a process died over, and say whether it was reserved.

        For a person who knows that nobody judges it any more. What was approved stays.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._lock:
            database = self._database(synced=True)
            sql = f"{_REMOVE} AND state = ?"
            return database.change(sql, (_stored(transaction), State.RESERVED)) > 0

    def state(self, transaction: str) -> State | None:
        """Return what is known of a transaction; None where nothing is.

        Raises:
            StoreError: The file cannot be opened.
        """
        with self._lock:
            rows = self._database(synced=False).execute(_FIND, (_stored(transaction),))
        return State(rows[0][3]) if rows else None

    def close(self) -> None:
        """Close the file; closing again does nothing.

        Raises:
            StoreError: The journal could not be folded into the file; it stays beside it, whole.
        """
        with self._lock:
            if self._opened is not None:
                self._opened.close()

    def _database(self, *, synced: bool) -> Database:
        if self._opened is None:
            self._opened = Database(
                _NAME,
                _MIGRATIONS,
                folder=self._folder,
                durability=self.durability,
                reading=self._looking,
            )
            self._synced = True
        if self.durability is Durability.POWER and synced is not self._synced:
            self._opened.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            self._synced = synced
        return self._opened

    def _seen(self, mine: Reservation) -> Reservation | Conflict:
        """Return what `reserve` would; a file that is not there is not made."""
        if self._opened is None and not (_state(self._folder) / f"{_NAME}.db").exists():
            return mine
        found = self._other(self._database(synced=False), mine)
        return found if isinstance(found, Conflict) else mine

    def _settle(self, database: Database, mine: Reservation, spent: bool) -> Conflict | None:
        found = self._other(database, mine)
        if isinstance(found, Conflict):
            return found
        if spent:
            if found is not State.SPENT:
                self._put(database, mine, State.SPENT)
        elif found is State.RESERVED:
            # A reservation that the same step has taken up again meanwhile has another token.
            sql = f"{_REMOVE} AND state = ? AND token = ?"
            database.execute(sql, (_stored(mine.transaction), found, mine.token))
        return None

    def _other(self, database: Database, mine: Reservation) -> Conflict | State | None:
        """Return the conflict with whoever has the id, or its state if we do, None if nobody."""
        rows = database.execute(_FIND, (_stored(mine.transaction),))
        if not rows:
            return None
        digest, step, token, state, at = rows[0]
        same_content = digest == _stored(mine.digest)
        same_step = step == _stored(mine.step) and step != b""
        if token == mine.token or (same_content and same_step):
            return State(state)
        return Conflict(mine.transaction, State(state), at, same_content, same_step)

    def _put(self, database: Database, mine: Reservation, state: State) -> None:
        stored = (_stored(mine.transaction), _stored(mine.digest), _stored(mine.step))
        database.execute(_PUT, (*stored, mine.token, state, mine.at))


def _state(folder: Path) -> Path:
    return folder if folder.name == NAME else folder / NAME


def _stored(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # whatever text it is, no two are stored alike
