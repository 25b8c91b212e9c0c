"""The server's own file beside the log: what was accepted, who took it, how far triggers are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ciranda.store import Database, Durability

__all__ = ["open_book"]

_MIGRATIONS: Final = (
    """
    CREATE TABLE servers(
      number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, as an epoch
      holder TEXT NOT NULL
    ) STRICT;
    CREATE TABLE work(
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      run TEXT NOT NULL UNIQUE,
      flow TEXT NOT NULL,       -- the file that it begins with; '' = a run that was begun
      trigger TEXT NOT NULL,
      key TEXT UNIQUE,          -- equal for what is the same event; NULL = nothing is
      inputs BLOB,              -- until it has ended
      at REAL NOT NULL,
      state TEXT NOT NULL,      -- waiting, taken, done
      after REAL NOT NULL DEFAULT 0,  -- not to be taken before
      server INTEGER            -- who took it
    ) STRICT;
    CREATE INDEX work_open ON work(state, number) WHERE state <> 'done';
    CREATE TABLE cursors(
      name TEXT PRIMARY KEY,
      at REAL NOT NULL
    ) STRICT;
    CREATE TABLE files(
      watch TEXT NOT NULL,
      path TEXT NOT NULL,
      size INTEGER NOT NULL,
      modified INTEGER NOT NULL,
      PRIMARY KEY(watch, path)
    ) STRICT, WITHOUT ROWID;
    """,
)


def open_book(folder: Path, durability: Durability = Durability.POWER) -> Database:
    """Open `serve.db` in the store's folder, made if missing.

    Args:
        folder: Where runs are kept.
        durability: What an accepted event survives.

    Raises:
        StoreError: It cannot be opened.
    """
    return Database("serve", _MIGRATIONS, folder=folder, durability=durability)
