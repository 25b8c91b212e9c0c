"""Remove runs that ended long ago, with all that only they needed."""

from __future__ import annotations

from ciranda.store.database import Database
from ciranda.store.rows import Pruned


def prune(database: Database, ended_before: float) -> Pruned:
    """Remove finished runs and old announcements.

    Each run goes in a transaction of its own, so that nobody waits long.

    Args:
        database: The log's file.
        ended_before: Unix time in seconds.
    """
    runs = records = 0
    rows = database.query(
        "SELECT number FROM runs WHERE finished < ? ORDER BY number", (ended_before,)
    )
    for (number,) in rows:
        with database.transaction():
            # Looked at again under the lock: a resume may have reopened the run.
            if not database.change(
                "DELETE FROM runs WHERE number = ? AND finished < ? AND NOT EXISTS "
                "(SELECT 1 FROM leases WHERE run = number AND holder <> '')",
                (number, ended_before),
            ):
                continue
            first = number << 32
            records += database.change(
                "DELETE FROM records WHERE id >= ? AND id < ?", (first, first + (1 << 32))
            )
            for table in ("leases", "inbox", "outputs", "blob_runs"):
                database.execute(f"DELETE FROM {table} WHERE run = ?", (number,))
            runs += 1
    database.execute("DELETE FROM inbox WHERE run = 0 AND at < ?", (ended_before,))
    blobs = database.change(
        "DELETE FROM blobs WHERE NOT kept AND digest NOT IN (SELECT digest FROM blob_runs)"
    )
    return Pruned(runs, records, blobs)
