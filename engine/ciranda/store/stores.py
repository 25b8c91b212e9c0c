"""Which log a project gets."""

from __future__ import annotations

from pathlib import Path

from ciranda.store.log import Log
from ciranda.store.memory import MemoryLog
from ciranda.store.rows import Durability
from ciranda.store.sqlite import SqliteLog


def open_store(
    folder: Path, durability: Durability = Durability.POWER, *, reading: bool = False
) -> Log:
    """Open the run log of a project: `.ciranda/ciranda.db`, made if missing.

    Args:
        folder: The project's folder.
        durability: What an acknowledged record survives; OFF keeps all in memory.
        reading: A store that cannot be written will do, for reading.

    Raises:
        StoreError: The file cannot be opened, is a stranger's, or is of a newer schema.
    """
    if durability is Durability.OFF:
        return MemoryLog()
    return SqliteLog(folder, durability, reading=reading)
