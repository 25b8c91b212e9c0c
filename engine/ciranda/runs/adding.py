"""How a run gets into the store."""

from __future__ import annotations

from ciranda.errors import RunNotFoundError, StoreError
from ciranda.store import Log, RunRow

__all__ = ["add_run"]


def add_run(log: Log, row: RunRow) -> None:
    """Add a run, or take the one of this id whose process died before its first record.

    Raises:
        StoreError: There is one that began, or the store cannot keep it.
    """
    try:
        log.create_run(row)
    except StoreError:
        if not _never_began(log, row.id):
            raise
        # Whoever else begins it at this moment, the lease refuses one of the two.


def _never_began(log: Log, run: str) -> bool:
    try:
        return log.run(run).id == run and next(iter(log.read(run, limit=1)), None) is None
    except (RunNotFoundError, StoreError):
        return False
