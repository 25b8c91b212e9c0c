"""Where figures and successors lie: a file in the project's store."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from ciranda.store import Database
from ciranda.store.folder import NAME

from .counts import OTHER, Counts, Report

__all__ = ["FILE", "MIGRATIONS", "MOST", "add_report", "read_report", "stored_report"]

FILE: Final = "skills"
MOST: Final = 256  # skills that are told apart
MIGRATIONS: Final = (
    """
    CREATE TABLE counts(skill TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE meters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE successors(
        skill TEXT PRIMARY KEY, used REAL NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    """,
)
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Counts).decode


def add_report(database: Database, report: Report) -> None:
    """Add counts to those in the file, all of them or nothing.

    Raises:
        StoreError: It cannot be written.
    """
    with database.transaction():
        known = {row[0] for row in database.execute("SELECT skill FROM counts")}
        bounded = Report()
        for name, counts in report.skills.items():
            kept = name in known or len(known) < MOST
            known |= {name} if kept else set()
            bounded.of(name if kept else OTHER, MOST + 1).merge(counts)
        for name, counts in bounded.skills.items():
            for (body,) in database.execute("SELECT body FROM counts WHERE skill = ?", [name]):
                counts.merge(_DECODE(body))
            database.execute(
                "INSERT INTO counts VALUES (?, ?) "
                "ON CONFLICT (skill) DO UPDATE SET body = excluded.body",
                [name, _ENCODE(counts)],
            )
        for name, value in report.meters.items():
            database.execute(
                "INSERT INTO meters VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                [name, value],
            )


def stored_report(database: Database) -> Report:
    """Return what is in the file.

    Raises:
        StoreError: It cannot be read.
    """
    report = Report()
    for name, body in database.query("SELECT skill, body FROM counts ORDER BY skill"):
        report.skills[name] = _DECODE(body)
    for name, value in database.query("SELECT name, value FROM meters ORDER BY name"):
        report.meters[name] = value
    return report


def read_report(folder: Path) -> Report:
    """Return what was counted in a project so far, by all its processes.

    Args:
        folder: The project's.

    Raises:
        StoreError: The file cannot be read.
    """
    if not (folder / NAME / f"{FILE}.db").exists():
        return Report()
    database = Database(FILE, MIGRATIONS, folder=folder, reading=True)
    try:
        return stored_report(database)
    finally:
        database.close()
