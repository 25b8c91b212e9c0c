"""The tables of the run log; a released migration is never changed, only followed by another."""

from __future__ import annotations

from typing import Final

APPLICATION: Final = 0x43495244  # "CIRD"

# A record's key is the run's number in the high 32 bits and its seq in the low ones: one B-tree,
# appended at its end, is 2 microseconds a commit cheaper than a text key. `log` shows it plainly.
# `check` columns are CRC-32 sums; blobs are checked by their digest.
MIGRATIONS: Final = (
    """
    CREATE TABLE runs(
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        file TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, finished REAL,
        parent TEXT, source TEXT NOT NULL, workflow TEXT NOT NULL,
        "check" INTEGER NOT NULL, tail INTEGER NOT NULL DEFAULT -1);
    CREATE INDEX runs_by_end ON runs(finished) WHERE finished IS NOT NULL;

    CREATE TABLE records(
        id INTEGER PRIMARY KEY, at REAL NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
        spilled INTEGER NOT NULL, payload BLOB NOT NULL, "check" INTEGER NOT NULL);
    CREATE VIEW log AS
        SELECT runs.id AS run, records.id & 0xffffffff AS seq, at, type, version, payload
        FROM records JOIN runs ON runs.number = records.id >> 32;

    CREATE TABLE leases(
        run INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT NOT NULL);

    CREATE TABLE blobs(
        digest BLOB PRIMARY KEY, kept INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE blob_runs(
        run INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(run, digest)) WITHOUT ROWID;
    CREATE INDEX blob_runs_by_digest ON blob_runs(digest);

    CREATE TABLE inbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, kind TEXT NOT NULL,
        at REAL NOT NULL, payload BLOB NOT NULL, "check" INTEGER NOT NULL);
    CREATE INDEX inbox_by_run ON inbox(run, id);

    CREATE TABLE outputs(
        id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, path TEXT NOT NULL,
        start INTEGER NOT NULL, stream TEXT NOT NULL, at REAL NOT NULL, data BLOB NOT NULL,
        "check" INTEGER NOT NULL);
    CREATE UNIQUE INDEX outputs_by_place ON outputs(run, path, start);

    CREATE TABLE durations(workflow TEXT PRIMARY KEY, samples BLOB NOT NULL);
    """,
    # When a run that is parked goes on: at a time, or when its inbox holds more than was seen, of
    # one of its topics (JSON; NULL = of any) or of none.
    # Messages to run 0 are for whoever listens to the store; runs count from 1.
    """
    ALTER TABLE runs ADD COLUMN due REAL;
    ALTER TABLE runs ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN topics TEXT;
    ALTER TABLE inbox ADD COLUMN topic TEXT NOT NULL DEFAULT '';
    CREATE INDEX runs_open ON runs(status) WHERE status IN ('running', 'waiting');
    """,
)
