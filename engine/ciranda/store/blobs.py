"""Content-addressed blobs: each kept once, checked by digest when read."""

from __future__ import annotations

import hashlib
from typing import Final, final

from ciranda.errors import StoreError
from ciranda.store.database import Database

SPILL: Final = 64 * 1024  # bytes above which a payload becomes a blob


def digest_of(data: bytes) -> bytes:
    """Return the 32 bytes by which a blob is addressed."""
    return hashlib.sha256(data).digest()


def no_such_blob(digest: str) -> StoreError:
    """Return the error for a digest nobody stored."""
    return StoreError(f"blob {digest[:16]}... is not in the store: the run that made it is pruned")


@final
class Blobs:
    """The blob tables.

    A blob put for a run goes with its last run; one put for none is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, data: bytes, run: int | None = None) -> bytes:
        """Store a blob and return its digest.

        Args:
            data: The bytes.
            run: Number of the run that needs it; None keeps it for ever.
        """
        digest = digest_of(data)
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO blobs VALUES(?,?,?) "
                "ON CONFLICT DO UPDATE SET kept = 1 WHERE excluded.kept > kept",
                (digest, run is None, data),
            )
            if run is not None:
                self._database.execute("INSERT OR IGNORE INTO blob_runs VALUES(?,?)", (run, digest))
        return digest

    def get(self, digest: str) -> bytes:
        """Return a blob by the hexadecimal form of its digest.

        Raises:
            StoreError: It is missing or damaged.
        """
        try:
            key = bytes.fromhex(digest)
        except ValueError:
            raise StoreError(f"{digest!r} is not a blob's digest: it has 64 hex digits") from None
        rows = self._database.query("SELECT data FROM blobs WHERE digest = ?", (key,))
        if not rows:
            raise no_such_blob(digest)
        data = rows[0][0]
        if not isinstance(data, bytes) or digest_of(data) != key:
            raise StoreError(
                f"blob {digest[:16]}... in {self._database.path} is damaged: "
                "its bytes do not fit its digest"
            )
        return data
