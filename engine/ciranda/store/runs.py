"""The list of runs, and how a person names one."""

from __future__ import annotations

import zlib
from typing import Final, final

import apsw
import msgspec

from ciranda.errors import RunNotFoundError, StoreError
from ciranda.store.checksum import row_check
from ciranda.store.database import Database
from ciranda.store.opening import Row
from ciranda.store.rows import Head, RunRow

LAST: Final = "last"
_COLUMNS: Final = 'id, name, file, status, created, finished, parent, source, workflow, "check"'
_NEAR: Final = 200  # newest runs looked through for a name close to a wrong one
_SHOWN: Final = 5


class RunKey(msgspec.Struct, frozen=True):
    """A run as the other tables know it: number, first record key, sum of the id."""

    number: int
    first: int
    sum: int


def no_such_run(named: str, known: list[str]) -> RunNotFoundError:
    """Return the error for a name that fits no run."""
    import difflib  # a millisecond that only a mistake should pay

    near = difflib.get_close_matches(named, known, n=_SHOWN, cutoff=0.5)
    if near:
        return RunNotFoundError(f"no run is called {named!r}: did you mean {', '.join(near)}?")
    return RunNotFoundError(f"no run is called {named!r}: `ciranda runs` lists them")


def ambiguous(named: str, ids: list[str]) -> RunNotFoundError:
    """Return the error for a name that fits several runs."""
    shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
    return RunNotFoundError(f"{named!r} fits several runs ({shown}): write more of the id")


def already_there(run: str) -> StoreError:
    """Return the error for a second run of one id."""
    return StoreError(f"run {run} is in the store already: give the new run an id of its own")


@final
class Runs:
    """The `runs` table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[str, RunKey] = {}

    def create(self, row: RunRow) -> None:
        """Add a run.

        Raises:
            StoreError: There is one of this id, or the file cannot be written.
        """
        try:
            self._database.change(
                f"INSERT INTO runs({_COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?,?)",
                (
                    row.id,
                    row.name,
                    row.file,
                    row.status,
                    row.created,
                    row.finished,
                    row.parent,
                    row.source,
                    row.workflow,
                    _check(row),
                ),
            )
        except StoreError as error:
            if isinstance(error.__cause__, apsw.ConstraintError):
                raise already_there(row.id) from error
            raise

    def key(self, run: str) -> RunKey:
        """Return the key of a run by its whole id.

        Raises:
            RunNotFoundError: There is none.
        """
        known = self._keys.get(run)
        if known is not None:
            return known
        rows = self._database.query("SELECT number FROM runs WHERE id = ?", (run,))
        if not rows:
            raise no_such_run(run, self._recent())
        number = int(rows[0][0])
        return RunKey(number, number << 32, zlib.crc32(run.encode()))

    def remember(self, run: str) -> None:
        """Keep the key of a run at hand while it is leased, for then it is not pruned."""
        self._keys[run] = self.key(run)

    def forget(self, run: str) -> None:
        """Drop what is remembered of a run."""
        self._keys.pop(run, None)

    def find(self, named: str) -> RunRow:
        """Return the run of this id, of the one id that starts so, or the newest for "last".

        Raises:
            RunNotFoundError: None fits, or several do.
        """
        if named == LAST:
            newest = self._database.query(
                f"SELECT {_COLUMNS} FROM runs WHERE parent IS NULL ORDER BY number DESC LIMIT 1"
            )
            if not newest:
                raise RunNotFoundError("there is no run yet: `ciranda run FILE` makes one")
            return self._row(newest[0])
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (named, named + "\U0010ffff", _SHOWN + 1),
        )
        found = [self._row(row) for row in rows]
        if found and (found[0].id == named or (named and len(found) == 1)):
            return found[0]
        if found:
            raise ambiguous(named, [row.id for row in found])
        raise no_such_run(named, self._recent())

    def heads(self, after: int, run: str | None) -> list[Head]:
        """See `Log`."""
        rows = self._database.query(
            "SELECT number, id, status, coalesce((SELECT max(records.id) FROM records "
            "WHERE records.id BETWEEN number << 32 AND number << 32 | 0xffffffff) "
            "- (number << 32), -1) FROM runs WHERE number > ? "
            + ("ORDER BY number" if run is None else "AND id = ?"),
            (after,) if run is None else (after, run),
        )
        return [Head(*row) for row in rows]

    def newest(
        self, limit: int, status: str | None = None, before: str | None = None
    ) -> list[RunRow]:
        """Return runs, newest first, from before a run if one is given."""
        below = self.key(before).number if before else 1 << 62
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM runs WHERE number < ?1 AND (?2 IS NULL OR status = ?2) "
            "ORDER BY number DESC LIMIT ?3",
            (below, status, limit),
        )
        return [self._row(row) for row in rows]

    def _recent(self) -> list[str]:
        return [row.id for row in self.newest(_NEAR)]

    def _row(self, columns: Row) -> RunRow:
        *fields, check = columns
        row = RunRow(*fields)
        status, finished = columns[3], columns[5]
        typed = isinstance(status, str) and isinstance(finished, float | None)
        if not typed or check != _check(row):
            raise StoreError(
                f"the row of run {row.id} in {self._database.path} is damaged: restore a backup"
            )
        return row


def _check(row: RunRow) -> int:
    # Without what changes: a status is told anew by the run's last record.
    parent = b"" if row.parent is None else row.parent
    return row_check(row.id, row.name, row.file, row.created, parent, row.source, row.workflow)
