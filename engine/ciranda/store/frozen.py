"""Read SQLite files that lie where nothing may be written."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from ciranda.errors import StoreError
from ciranda.store.faults import store_error
from ciranda.store.opening import Rules, number, require_known, require_own

_UNWRITABLE: Final = (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError)


def is_unwritable(error: StoreError) -> bool:
    """Tell whether a file could perhaps be opened, were it only to read it."""
    return isinstance(error.__cause__, _UNWRITABLE)


def open_frozen(path: Path, rules: Rules) -> apsw.Connection:
    """Open a connection that reads, and makes no file beside the database.

    Raises:
        StoreError: The file cannot be read, or not without its journal, which needs writing.
    """
    journal = path.with_name(f"{path.name}-wal")
    index = path.with_name(f"{path.name}-shm")
    # Whoever writes has both files open. Without them nobody does, and SQLite may take the file
    # for one that never changes; else it needs the journal, and for that an index.
    used = journal.exists() and (journal.stat().st_size > 0 or index.exists())
    uri = f"{path.absolute().as_uri()}?{'mode=ro' if used else 'immutable=1'}"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection: apsw.Connection | None = None
    try:
        connection = apsw.Connection(uri, flags=flags, vfs=rules.vfs)
        connection.set_busy_timeout(round(rules.busy * 1000))
        for pragma in ("trusted_schema=0", "cell_size_check=1"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        require_own(connection, path, rules.application)
        _require_current(connection, path, len(rules.migrations))
    except (apsw.Error, StoreError) as error:
        if connection is not None:
            connection.close(True)
        if isinstance(error, StoreError):
            raise
        if used and isinstance(error, _UNWRITABLE):
            raise StoreError(
                f"{path} has a journal ({journal.name}) that was not folded in, which needs "
                f"writing: copy {path.parent} to where it can be written, and read it there"
            ) from error
        raise store_error(path, error) from error
    return connection


def _require_current(connection: apsw.Connection, path: Path, known: int) -> None:
    found = number(connection, "PRAGMA user_version")
    require_known(path, found, known)
    if found < known:
        raise StoreError(
            f"{path} was made by an older ciranda, and nothing may be written there to bring "
            f"it up to date: copy {path.parent} to where it can be"
        )
