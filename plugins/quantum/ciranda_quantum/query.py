"""`q:query` when it runs: over a host's database, or over rows at hand."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ciranda.expressions.inline import spend, weigh, word

from .error import QuantumError
from .run import Run
from .sql import Statement

_STEPS: Final = 20_000_000  # of SQLite's machine, for one query of rows
_EVERY: Final = 100_000
_COLUMN: Final = re.compile(r"[^\0]{1,200}")
_FUNCTION: Final = 31  # SQLite's number: PyPy does not name all of them
_READS: Final = frozenset([21, 20, _FUNCTION, 33])  # select, read, recursive
_ABSENT: Final = re.compile(r"no such column: (?:[^.]*\.)?(.{1,200})", re.DOTALL)
_GUESSES: Final = 100  # columns that no row tells of
_BOOLEAN: Final = "ciranda_boolean"  # what columns are declared as, for their way back
_NESTED: Final = "ciranda_json"
_REFUSED: Final = frozenset(["load_extension", "randomblob", "zeroblob", "readfile", "writefile"])


def _database(run: Run, name: str) -> tuple[Any, str]:
    """Return a host's connection and its way of writing parameters."""
    found = run.host.databases.get(name)
    if found is None:
        raise QuantumError("runtime", f"the host lends no database '{name}'")
    if isinstance(found, tuple):
        return found[0], str(found[1])
    return found, "named"


def query(run: Run, name: str, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Run SQL on a host's database; returns the rows."""
    connection, style = _database(run, name)
    text, bound = Statement(sql).bound(style, values)
    try:
        cursor = connection.cursor()
        try:
            cursor.execute(text, bound)
            rows = _rows(cursor, run.budget)
        finally:
            cursor.close()
        if not run.open.get(name):
            connection.commit()
    except QuantumError:
        raise
    except Exception as error:  # each driver has its own errors
        if not run.open.get(name):
            connection.rollback()
        raise QuantumError("runtime", f"the query failed: {error}") from error
    return rows


def _rows(cursor: Any, budget: list[int]) -> list[dict[str, Any]]:
    if cursor.description is None:
        return []
    names = [each[0] for each in cursor.description]
    rows: list[dict[str, Any]] = []
    while True:
        some = cursor.fetchmany(500)
        if not some:
            return rows
        spend(budget, len(some))
        rows += [dict(zip(names, row)) for row in some]


@contextmanager
def transaction(run: Run, name: str) -> Iterator[None]:
    """Keep what the queries within did, or none of it."""
    connection, _ = _database(run, name)
    if run.open.get(name):
        raise QuantumError("runtime", f"a transaction of '{name}' is open already")
    run.open[name] = True
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        run.open[name] = False


def query_rows(
    name: str, rows: Any, sql: str, values: dict[str, Any], budget: list[int]
) -> list[dict[str, Any]]:
    """Run SQL on rows at hand, which are a table of that name; every value keeps its type."""
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise QuantumError("type", f"'{name}' holds no rows; a query reads a list of objects")
    spend(budget, sum(map(len, rows)))
    columns = list(dict.fromkeys(str(key) for row in rows for key in row))
    statement = Statement(sql)
    found = _ask_rows(name, columns, rows, statement, values, budget)
    while isinstance(found, sqlite3.OperationalError):
        absent = _ABSENT.fullmatch(str(found))
        if rows or absent is None or absent[1] in columns or len(columns) >= _GUESSES:
            raise QuantumError("runtime", f"the query failed: {found}") from None
        columns.append(absent[1])  # no row tells which columns there are
        found = _ask_rows(name, columns, rows, statement, values, budget)
    return found


def _ask_rows(
    name: str,
    columns: list[str],
    rows: Any,
    statement: Statement,
    values: dict[str, Any],
    budget: list[int],
) -> list[dict[str, Any]] | sqlite3.OperationalError:
    """Run SQL on a table of the rows; returns what SQLite says when they do not fit."""
    connection = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    try:
        _fill(connection, name, columns, rows, budget)
        left = [_STEPS // _EVERY]

        def tick() -> int:
            left[0] -= 1
            return left[0] < 0

        connection.set_progress_handler(tick, _EVERY)
        connection.set_authorizer(_allowed)
        text, bound = statement.bound(
            "named", {key: _plain(v, budget) for key, v in values.items()}
        )
        cursor = connection.execute(text, bound)
        return _rows(cursor, budget)
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise QuantumError("limit", "the query takes too long") from None
        return error
    except (sqlite3.DatabaseError, sqlite3.Warning) as error:  # the latter up to Python 3.9
        if "not authorized" in str(error) or "prohibited" in str(error):
            raise QuantumError("security", "a query of rows only reads them") from None
        raise QuantumError("runtime", f"the query failed: {error}") from None
    finally:
        connection.close()


def _fill(
    connection: sqlite3.Connection, name: str, columns: list[str], rows: Any, budget: list[int]
) -> None:
    for column in columns:
        if not _COLUMN.fullmatch(column):
            raise QuantumError("runtime", f"'{name}' has a column that SQL cannot name")
    listed = ", ".join(f"{_quoted(each)} {_declared(each, rows)}" for each in columns) or '"?"'
    connection.execute(f"CREATE TABLE {_quoted(name)} ({listed})")
    marks = ", ".join("?" for _ in columns) or "NULL"
    connection.executemany(
        f"INSERT INTO {_quoted(name)} VALUES ({marks})",
        ([_plain(row.get(column), budget) for column in columns] for row in rows),
    )


def _declared(column: str, rows: Any) -> str:
    """Return what a column is declared as: SQLite has no word for booleans and for lists."""
    kinds = {type(row.get(column)) for row in rows} - {type(None)}
    if kinds == {bool}:
        return _BOOLEAN
    return _NESTED if kinds and kinds <= {list, tuple, dict} else ""


sqlite3.register_converter(_BOOLEAN, lambda text: text != b"0")
sqlite3.register_converter(_NESTED, json.loads)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any, budget: list[int]) -> Any:
    """Return a value as SQLite holds it; lists and objects become JSON."""
    if value is None or isinstance(value, (str, float, bytes)):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise QuantumError("limit", "SQL counts with 64 bits")
        return int(value)
    if isinstance(value, (list, dict, tuple)):
        spend(budget, weigh(value, budget))
        return json.dumps(value)
    raise QuantumError("type", f"SQL has no place for {word(value)}")


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action not in _READS or (action == _FUNCTION and second in _REFUSED):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
