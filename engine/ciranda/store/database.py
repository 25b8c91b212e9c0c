"""A durable SQLite file: one writer, short transactions, nothing acknowledged too early."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final

import apsw

from ciranda.errors import StoreError
from ciranda.store.faults import store_error, sync_failed
from ciranda.store.folder import state_folder
from ciranda.store.frozen import is_unwritable, open_frozen
from ciranda.store.opening import Row, Rules, open_reader, open_writer
from ciranda.store.rows import Durability

_PLUGIN_FILE: Final = 0x43495250  # "CIRP"


@final
class Database:
    """A file of a plugin's own in `.ciranda`, under the same rules as the run log.

    Writes go through one connection and `BEGIN IMMEDIATE`; reads through another, so that they
    never wait for a disk sync. Safe to share between threads, refused after a fork.

    Args:
        name: Name of the file, without `.db`.
        migrations: SQL scripts, applied in order, each once; only ever add to the end.
        folder: The project's folder, or its `.ciranda` itself: a path or its text.
        durability: What a finished transaction survives.
        application: SQLite's `application_id`, so that a stranger's file is not touched.
        vfs: Name of a registered apsw VFS, for tests.
        busy: Seconds to wait for another process's transaction.
        later: Files and folders that are only made beside the file once it holds something:
            where one is, an empty file was cut.
        reading: A file that cannot be written will do, for reading.

    Raises:
        StoreError: The file cannot be opened, is a stranger's, or is of a newer schema.
    """

    def __init__(
        self,
        name: str,
        migrations: Sequence[str],
        *,
        folder: str | os.PathLike[str] = "",
        durability: Durability = Durability.POWER,
        application: int = _PLUGIN_FILE,
        vfs: str | None = None,
        busy: float = 10.0,
        later: Sequence[str] = (),
        reading: bool = False,
    ) -> None:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise StoreError(f"{name!r} cannot name a database: use letters, digits, - and _")
        self.path: Final = state_folder(Path(folder)) / f"{name}.db"
        self._pid = os.getpid()
        self._write_lock = threading.RLock()
        self._read_lock = threading.Lock()
        self._broken: StoreError | None = None
        self._closed = False
        self._rules = Rules(migrations, durability, application, vfs, busy, later)
        self._open_reader = open_reader
        try:
            self._writer = open_writer(self.path, self._rules)
        except StoreError as error:
            if not (reading and is_unwritable(error)):
                raise
            self._open_reader = open_frozen
            self._writer = open_frozen(self.path, self._rules)
        # One cursor for all writes: apsw keeps prepared statements by their text.
        self._cursor = self._writer.cursor()
        self._reader: apsw.Connection | None = None

    def execute(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """Run one statement on the writing side, in the open transaction or as one of its own.

        A SELECT inside a transaction sees what the transaction wrote; `query` does not.

        Returns:
            The rows of a SELECT or of a RETURNING clause.

        Raises:
            StoreError: It failed; nothing of it is kept.
        """
        self._usable()
        with self._write_lock:
            try:
                return self._cursor.execute(sql, arguments).fetchall()
            except apsw.Error as error:
                raise self._fault(error) from error
            except UnicodeDecodeError as error:
                raise self._undecodable() from error

    def change(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Run one writing statement and return the number of rows it changed.

        Raises:
            StoreError: It failed; nothing of it is kept.
        """
        self._usable()
        with self._write_lock:
            try:
                self._cursor.execute(sql, arguments)
                return self._writer.changes()
            except apsw.Error as error:
                raise self._fault(error) from error

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one writing statement for each row, all of it or nothing.

        Raises:
            StoreError: It failed; nothing of it is kept.
        """
        with self.transaction():
            self._cursor.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock: what `execute` does inside happens all at once or not at all.

        A transaction inside a transaction is part of it.

        Raises:
            StoreError: It could not start or commit; nothing of it is kept.
        """
        self._usable()
        with self._write_lock:
            if self._writer.in_transaction:
                yield
                return
            try:
                self._cursor.execute("BEGIN IMMEDIATE")
                yield
                self._cursor.execute("COMMIT")
            except apsw.Error as error:
                self._roll_back()
                raise self._fault(error) from error
            except BaseException:
                self._roll_back()
                raise

    def query(self, sql: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """Read what is committed.

        Raises:
            StoreError: The file cannot be read.
        """
        rows, fault = self.query_sound(sql, arguments)
        if fault:
            raise fault
        return rows

    def query_sound(
        self, sql: str, arguments: Sequence[Any] = ()
    ) -> tuple[list[Row], StoreError | None]:
        """Read the rows that come before the first unreadable one, and its fault, if any."""
        self._usable()
        rows: list[Row] = []
        with self._read_lock:
            try:
                if self._reader is None:
                    self._reader = self._open_reader(self.path, self._rules)
                rows.extend(self._reader.execute(sql, arguments))
            except apsw.Error as error:
                return rows, store_error(self.path, error)
            except UnicodeDecodeError:
                return rows, self._undecodable()
        return rows, None

    def data_version(self) -> int:
        """Return a number that differs when another connection has committed.

        Raises:
            StoreError: The file cannot be read.
        """
        rows = self.execute("PRAGMA data_version")
        return int(rows[0][0])

    def check(self) -> list[str]:
        """Return what SQLite's integrity check finds wrong, empty if nothing."""
        rows, fault = self.query_sound("PRAGMA integrity_check")
        found = [f"{self.path}: {row[0]}" for row in rows if row[0] != "ok"]
        return [*found, str(fault)] if fault else found

    def close(self) -> None:
        """Close both connections; closing again does nothing.

        Raises:
            StoreError: The journal could not be folded into the file; it stays beside it, whole.
        """
        if self._closed or os.getpid() != self._pid:
            return
        with self._write_lock, self._read_lock:
            self._closed = True
            try:
                # The writer goes last: the last to close checkpoints, and only the writer may.
                if self._reader is not None:
                    self._reader.close(True)
            except apsw.Error as error:
                raise store_error(self.path, error) from error
            finally:
                self._close_writer()

    def _usable(self) -> None:
        if os.getpid() != self._pid:  # before any lock: another thread may have held it
            raise StoreError(
                f"{self.path} was opened before a fork: open the store again in the new process"
            )
        if self._closed:
            raise StoreError(f"{self.path} is closed: open the store again")
        if self._broken:
            raise self._broken

    def _close_writer(self) -> None:
        try:
            self._writer.close(True)
        except apsw.Error as error:
            raise store_error(self.path, error) from error

    def _roll_back(self) -> None:
        if not self._writer.in_transaction:
            return  # SQLite rolled back by itself
        try:
            self._cursor.execute("ROLLBACK")
        except apsw.Error as error:
            self._broken = store_error(self.path, error)

    def _undecodable(self) -> StoreError:
        return StoreError(
            f"{self.path} holds text that is not UTF-8, so it is damaged: restore a backup"
        )

    def _fault(self, error: apsw.Error) -> StoreError:
        fault = store_error(self.path, error)
        if sync_failed(error):
            # The system may have dropped the pages that it could not write and report success
            # the next time: only what a new process reads can be trusted.
            self._broken = fault
        return fault
