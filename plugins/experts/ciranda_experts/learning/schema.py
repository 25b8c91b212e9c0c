"""The tables of what is learned; a released script is never changed, only followed by another."""

from __future__ import annotations

from typing import Final

__all__ = ["FILE", "MIGRATIONS"]

FILE: Final = "experts-learning"

# Times are unix seconds. An id that users choose may come again for another intent, so a
# judgement is known by its id and the key of its intent.
MIGRATIONS: Final = (
    """
    CREATE TABLE reviews(
        id TEXT PRIMARY KEY, key TEXT NOT NULL, status TEXT NOT NULL, opened REAL NOT NULL,
        asked INTEGER NOT NULL, judgement BLOB NOT NULL, source BLOB NOT NULL,
        resolved REAL, by TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX reviews_open ON reviews(key) WHERE status = 'open' AND key <> '';
    CREATE INDEX reviews_by_status ON reviews(status, opened);

    CREATE TABLE outcomes(
        judgement TEXT NOT NULL, key TEXT NOT NULL, judged REAL NOT NULL, at REAL NOT NULL,
        truth TEXT NOT NULL, verdict TEXT NOT NULL, confidence REAL NOT NULL, by TEXT NOT NULL,
        PRIMARY KEY (judgement, key));
    CREATE INDEX outcomes_by_time ON outcomes(at);
    CREATE INDEX outcomes_by_verdict ON outcomes(verdict, judged, truth);
    CREATE TABLE graded(
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, expert TEXT NOT NULL,
        version TEXT NOT NULL, verdict TEXT NOT NULL, raw REAL,
        confidence REAL NOT NULL, "right" INTEGER NOT NULL, role INTEGER NOT NULL);
    CREATE INDEX graded_by_expert ON graded(expert, version, id);
    CREATE INDEX graded_by_time ON graded(at);

    CREATE TABLE curves(
        expert TEXT NOT NULL, version TEXT NOT NULL, at REAL NOT NULL, curve BLOB NOT NULL,
        PRIMARY KEY (expert, version)) WITHOUT ROWID;
    CREATE TABLE thresholds(
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, value REAL NOT NULL,
        approvals INTEGER NOT NULL, wrong INTEGER NOT NULL, why TEXT NOT NULL);

    CREATE TABLE versions(
        expert TEXT PRIMARY KEY, current TEXT NOT NULL, previous TEXT NOT NULL);
    CREATE TABLE trials(
        id INTEGER PRIMARY KEY AUTOINCREMENT, expert TEXT NOT NULL, incumbent TEXT NOT NULL,
        candidate TEXT NOT NULL, share REAL NOT NULL, kind TEXT NOT NULL, begun REAL NOT NULL,
        ended REAL, pairs INTEGER NOT NULL DEFAULT 0, wins INTEGER NOT NULL DEFAULT 0,
        losses INTEGER NOT NULL DEFAULT 0,
        incumbent_false INTEGER NOT NULL DEFAULT 0, candidate_false INTEGER NOT NULL DEFAULT 0,
        outcome TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX trials_running ON trials(expert) WHERE ended IS NULL;
    CREATE TABLE pairs(
        trial INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (trial, key)) WITHOUT ROWID;
    CREATE TABLE changes(
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, expert TEXT NOT NULL,
        what TEXT NOT NULL, former TEXT NOT NULL, latter TEXT NOT NULL, by TEXT NOT NULL,
        why TEXT NOT NULL);
    """,
)
