"""Open and create SQLite files so that a power loss at any moment loses nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import apsw
import msgspec

from ciranda.errors import StoreError
from ciranda.store.faults import store_error
from ciranda.store.folder import sync_folder
from ciranda.store.rows import Durability

Row: TypeAlias = tuple[Any, ...]

# Older ones can lose committed data when two connections write and checkpoint at once.
SOUND_SQLITE: Final = (3, 51, 3)
_SYNCHRONOUS: Final = {
    Durability.POWER: "FULL",
    Durability.PROCESS: "NORMAL",
    Durability.OFF: "OFF",
}
_WAL_KEPT: Final = 16 * 1024 * 1024  # bytes of journal file left on disk after a large batch
_RETRY: Final = 0.005  # seconds between two tries to switch the journal mode


class Rules(msgspec.Struct, frozen=True):
    """How a file is opened; see `Database`."""

    migrations: Sequence[str]
    durability: Durability
    application: int
    vfs: str | None
    busy: float
    later: Sequence[str] = ()  # what is only made beside the file once that holds something


def open_writer(path: Path, rules: Rules) -> apsw.Connection:
    """Open the one connection that writes, creating and migrating the file where needed.

    Raises:
        StoreError: The file cannot be opened, is a stranger's, or is of a newer schema.
    """
    _require_sound_sqlite(path)
    if path.is_dir():
        raise StoreError(f"{path} is a folder where a file is expected: move it away")
    _require_uncut(path, rules.later)
    connection: apsw.Connection | None = None
    try:
        connection = _connect(path, rules)
        _prepare(connection, path, rules)
    except (apsw.Error, OSError, StoreError) as error:
        if connection is not None:
            with contextlib.suppress(apsw.Error):  # the first fault is the one to report
                connection.close(True)
        if isinstance(error, apsw.Error):
            raise store_error(path, error) from error
        if isinstance(error, OSError):
            raise StoreError(f"{path} cannot be opened ({error.strerror})") from error
        raise
    return connection


def open_reader(path: Path, rules: Rules) -> apsw.Connection:
    """Open a connection that cannot write; raises what apsw raises."""
    connection = _connect(path, rules)
    _set(connection, "query_only=1")
    connection.wal_autocheckpoint(0)
    return connection


def _connect(path: Path, rules: Rules) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags, vfs=rules.vfs)
    connection.set_busy_timeout(round(rules.busy * 1000))
    _set(connection, "trusted_schema=0")
    _set(connection, "cell_size_check=1")
    return connection


def _prepare(connection: apsw.Connection, path: Path, rules: Rules) -> None:
    require_own(connection, path, rules.application)
    # Only EXTRA syncs the folder after the rollback journal of the switch to WAL is gone;
    # without that sync a power loss brings the journal, and with it the empty file, back.
    off = rules.durability is Durability.OFF
    _set(connection, "synchronous=OFF" if off else "synchronous=EXTRA")
    if rules.durability is Durability.POWER:  # macOS: a sync that reaches the platter
        _set(connection, "fullfsync=1")
        _set(connection, "checkpoint_fullfsync=1")
    _switch_to_wal(connection, path, rules.busy)
    _migrate(connection, path, rules)
    if rules.durability is Durability.POWER:
        sync_folder(path.parent)  # another process may be between its unlink and its sync
    _set(connection, f"synchronous={_SYNCHRONOUS[rules.durability]}")
    _set(connection, f"journal_size_limit={_WAL_KEPT}")


def _set(connection: apsw.Connection, pragma: str) -> None:
    connection.execute(f"PRAGMA {pragma}").fetchall()


def number(connection: apsw.Connection, sql: str) -> int:
    """Return the one number that a statement answers."""
    return int(cast(int, connection.execute(sql).fetchall()[0][0]))


def _require_sound_sqlite(path: Path) -> None:
    found = apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")[:3]) < SOUND_SQLITE:
        needed = ".".join(str(part) for part in SOUND_SQLITE)
        raise StoreError(
            f"SQLite {found} can lose records of {path}: install apsw from PyPI, "
            f"which brings {needed} or newer"
        )


def _require_uncut(path: Path, later: Sequence[str]) -> None:
    """Refuse an empty file beside what only comes after it; SQLite would begin anew there."""
    journal = path.with_name(f"{path.name}-wal")
    try:
        # The size comes second: another process may be creating all of them just now.
        beside = [each for each in (journal, *map(path.with_name, later)) if _holds_some(each)]
        if path.stat().st_size:
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be opened ({error.strerror})") from error
    if beside:
        raise StoreError(
            f"{path} is damaged: it is empty, and {beside[0].name} beside it says that it was "
            "not: restore a backup, or remove it (its runs are lost)"
        )


def _holds_some(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.exists() and path.stat().st_size > 0


def require_own(connection: apsw.Connection, path: Path, application: int) -> None:
    """Refuse the file of another program; StoreError names it."""
    with connection:  # one snapshot: another process may be creating the tables just now
        found = number(connection, "PRAGMA application_id")
        tables = number(connection, "SELECT count(*) FROM sqlite_schema")
    if found != application and (found or tables):
        raise StoreError(f"{path} is a database of another program: move it away")


def _switch_to_wal(connection: apsw.Connection, path: Path, busy: float) -> None:
    # SQLite does not wait for the exclusive lock that the switch needs: it must be asked again.
    deadline = time.monotonic() + busy
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchall()[0][0]
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY)
            continue
        if mode != "wal":
            raise StoreError(
                f"{path} lies on a drive without shared memory for SQLite "
                "(a network drive?): keep the project on a local disk"
            )
        return


def _migrate(connection: apsw.Connection, path: Path, rules: Rules) -> None:
    known = len(rules.migrations)
    if number(connection, "PRAGMA user_version") == known > 0:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = number(connection, "PRAGMA user_version")
        require_known(path, found, known)
        for script in rules.migrations[found:]:
            connection.execute(script).fetchall()
        _set(connection, f"user_version={known}")
        _set(connection, f"application_id={rules.application}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_known(path: Path, found: int, known: int) -> None:
    """Refuse a file whose schema comes later than what we know; StoreError names it."""
    if found > known:
        raise StoreError(
            f"{path} was made by a newer ciranda (schema {found}, this one knows {known}): "
            "upgrade ciranda"
        )
