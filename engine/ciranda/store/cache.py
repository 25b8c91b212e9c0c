"""The durable half of the cache: content-hash keys, bounded, a damaged row is a miss."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, final

from ciranda.store.checksum import row_check
from ciranda.store.database import Database
from ciranda.store.opening import Row
from ciranda.store.rows import Cached, Durability

MAX_BYTES: Final = 256 * 1024 * 1024
MAX_ROWS: Final = 100_000
_TOUCHED: Final = 1024  # hits remembered before their order is written down
_APPLICATION: Final = 0x43495243  # "CIRC"
_MIGRATIONS: Final = (
    """
    CREATE TABLE cache(
        key TEXT PRIMARY KEY, label TEXT NOT NULL, created REAL NOT NULL, expires REAL,
        used INTEGER NOT NULL, size INTEGER NOT NULL, parts BLOB NOT NULL, payload BLOB NOT NULL,
        "check" INTEGER NOT NULL);
    CREATE INDEX cache_by_use ON cache(used);
    CREATE INDEX cache_by_label ON cache(label, used);
    CREATE INDEX cache_by_end ON cache(expires) WHERE expires IS NOT NULL;
    CREATE TABLE totals(size INTEGER NOT NULL, rows INTEGER NOT NULL, turn INTEGER NOT NULL);
    INSERT INTO totals VALUES(0, 0, 0);
    CREATE TRIGGER cache_added AFTER INSERT ON cache BEGIN
        UPDATE totals SET size = size + new.size, rows = rows + 1; END;
    CREATE TRIGGER cache_removed AFTER DELETE ON cache BEGIN
        UPDATE totals SET size = size - old.size, rows = rows - 1; END;
    """,
)
_SELECT: Final = 'SELECT key, payload, created, expires, label, parts, "check" FROM cache '


@final
class Cache:
    """Cached results in a file of their own: losing it costs time, never a result.

    Least recently used rows give way; the order of hits is written with the next put, so that
    a hit writes nothing.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS) -> None:
        # A cached result may be lost, so that a put need not wait for the disk.
        self._database = Database(
            "cache",
            _MIGRATIONS,
            folder=folder,
            durability=Durability.PROCESS,
            application=_APPLICATION,
        )
        self._max_bytes = max_bytes
        self._max_rows = max_rows
        self._hits: dict[str, None] = {}
        self._lock = threading.Lock()

    def get(self, key: str, now: float) -> Cached | None:
        """Return what is cached under a key, None if nothing sound and fresh is."""
        rows, _ = self._database.query_sound(f"{_SELECT} WHERE key = ?", (key,))
        found = _cached(rows[0]) if rows else None
        if found is None or found.key != key:
            return None
        if found.expires is not None and found.expires <= now:
            return None
        with self._lock:
            self._hits.pop(key, None)
            self._hits[key] = None
            if len(self._hits) > _TOUCHED:
                del self._hits[next(iter(self._hits))]
        return found

    def last(self, label: str) -> Cached | None:
        """Return the newest sound row of a label, expired or not: what a miss is compared with."""
        rows, _ = self._database.query_sound(
            f"{_SELECT} WHERE label = ? ORDER BY created DESC LIMIT 1", (label,)
        )
        return _cached(rows[0]) if rows else None

    def recent(self, label: str, limit: int = 100) -> list[Cached]:
        """Return the newest sound rows of a label, newest first, expired or not."""
        rows, _ = self._database.query_sound(
            f"{_SELECT} WHERE label = ? ORDER BY created DESC LIMIT ?", (label, limit)
        )
        return [found for row in rows if (found := _cached(row)) is not None]

    def put(self, entry: Cached) -> None:
        """Cache a result, in the place of what had its key."""
        size = len(entry.payload) + len(entry.parts) + len(entry.key) + len(entry.label)
        if size > self._max_bytes:
            return
        with self._database.transaction():
            turn = self._note_hits()
            self._database.execute("DELETE FROM cache WHERE key = ?", (entry.key,))
            self._database.execute(
                "INSERT INTO cache VALUES(?,?,?,?,?,?,?,?,?)",
                (
                    entry.key,
                    entry.label,
                    entry.created,
                    entry.expires,
                    turn,
                    size,
                    entry.parts,
                    entry.payload,
                    _check(entry),
                ),
            )
            self._make_room()

    def delete_expired(self, now: float) -> int:
        """Remove what is past its time and return how many rows that were."""
        return self._database.change("DELETE FROM cache WHERE expires <= ?", (now,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _note_hits(self) -> int:
        with self._lock:
            hits, self._hits = list(self._hits), {}
        rows = self._database.execute(
            "UPDATE totals SET turn = turn + ? RETURNING turn", (len(hits) + 1,)
        )
        turn = int(rows[0][0])
        first = turn - len(hits)
        self._database.execute_many(
            "UPDATE cache SET used = ? WHERE key = ?",
            [(first + index, key) for index, key in enumerate(hits)],
        )
        return turn

    def _make_room(self) -> None:
        while True:
            size, rows = self._database.execute("SELECT size, rows FROM totals")[0]
            if size <= self._max_bytes and rows <= self._max_rows:
                return
            self._database.execute(
                "DELETE FROM cache WHERE key IN (SELECT key FROM cache ORDER BY used LIMIT ?)",
                (max(1, rows - self._max_rows),),
            )


def _check(entry: Cached) -> int:
    expires = "never" if entry.expires is None else entry.expires
    return row_check(entry.key, entry.label, entry.created, expires, entry.parts, entry.payload)


def _cached(row: Row) -> Cached | None:
    key, payload, created, expires, label, parts, check = row
    entry = Cached(key, payload, created, expires, label, parts)
    sound = isinstance(payload, bytes) and isinstance(parts, bytes)
    return entry if sound and check == _check(entry) else None
