"""The tables of a validator's file."""

from __future__ import annotations

from typing import Final

__all__ = ["MIGRATIONS"]

MIGRATIONS: Final = (
    # Only one row each in `chain` and `promise`. A block's certificate is its own; NULL for one
    # that a later block's certificate agrees on. `turn` counts transactions, for the mark.
    """
    CREATE TABLE chain (
        one INTEGER PRIMARY KEY CHECK (one = 1), set_hash BLOB NOT NULL, first BLOB NOT NULL,
        base INTEGER NOT NULL, turn INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE promise (
        one INTEGER PRIMARY KEY CHECK (one = 1), data BLOB NOT NULL, digest BLOB NOT NULL
    ) STRICT;
    CREATE TABLE blocks (
        height INTEGER PRIMARY KEY, hash BLOB NOT NULL, data BLOB NOT NULL, certificate BLOB
    ) STRICT;
    CREATE TABLE open_blocks (
        hash BLOB PRIMARY KEY, height INTEGER NOT NULL, data BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE entries (
        digest BLOB PRIMARY KEY, height INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE excuses (view INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE evidence (
        signer INTEGER NOT NULL, view INTEGER NOT NULL, kind INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (signer, view, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    """,
    # For whoever looks after the validator. Row 0 of `figures` has the totals.
    """
    CREATE TABLE figures (height INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE lies (
        digest BLOB PRIMARY KEY, height INTEGER NOT NULL, data BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
