"""Runs that nobody executes because all that is open in them waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import msgspec

from ciranda.store.database import Database
from ciranda.store.leases import Leases
from ciranda.store.runs import Runs

WAITING: Final = "waiting"


@final
class Parking:
    """The runs whose status is `waiting`; any other status ends a parking.

    A run stays parked while its lease is taken, until the first record of whoever took it says
    that it goes on: a process that dies in between loses no wake-up.
    """

    def __init__(self, database: Database, runs: Runs, leases: Leases) -> None:
        self._database = database
        self._runs = runs
        self._leases = leases

    def park(self, run: str, due: float | None, seen: int, topics: Sequence[str] | None) -> None:
        """Mark a run waiting, inside the transaction that checked the fence."""
        named = None if topics is None else msgspec.json.encode(topics).decode()
        self._database.execute(
            "UPDATE runs SET status = 'waiting', finished = NULL, due = ?, seen = ?, topics = ? "
            "WHERE number = ?",
            (due, seen, named, self._runs.key(run).number),
        )

    def due(self, now: float) -> list[str]:
        """Return the parked runs that can go on, oldest first."""
        rows = self._database.query(
            "SELECT runs.id, coalesce(leases.holder, '') <> '' FROM runs "
            "LEFT JOIN leases ON leases.run = number WHERE status = 'waiting' AND (due <= ? OR "
            "EXISTS (SELECT 1 FROM inbox WHERE inbox.run = number AND inbox.id > seen AND "
            "(topic = '' OR topics IS NULL OR topic IN (SELECT value FROM json_each(topics))))) "
            "ORDER BY number",
            (now,),
        )
        return [run for run, leased in rows if not (leased and self._leases.held(run))]
