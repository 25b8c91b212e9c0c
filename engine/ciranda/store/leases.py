"""Leases: one owner a run, told from all earlier ones by an epoch that only grows."""

from __future__ import annotations

from typing import final

import msgspec

from ciranda.errors import LeaseLostError, StoreError
from ciranda.store.database import Database
from ciranda.store.holders import Clock, Holder, Process, describe, is_held, renewed
from ciranda.store.rows import Lease
from ciranda.store.runs import Runs


def lost(run: str, holder: Holder | None) -> LeaseLostError:
    """Return the error for a write under an epoch that is over."""
    if holder is None:
        return LeaseLostError(f"run {run} is not leased to this process: resume it first")
    return LeaseLostError(describe(run, holder))


@final
class Leases:
    """The `leases` table."""

    def __init__(self, database: Database, runs: Runs, process: Process, clock: Clock) -> None:
        self._database = database
        self._runs = runs
        self._process = process
        self._clock = clock

    def acquire(self, run: str, owner: str, ttl: float) -> Lease:
        """Become the one writer of a run.

        Args:
            run: Id of the run.
            owner: Shown to whoever finds the run taken.
            ttl: Seconds without a heartbeat after which others may take over.

        Raises:
            LeaseLostError: Somebody else executes it.
            RunNotFoundError: There is no such run.
        """
        number = self._runs.key(run).number
        with self._database.transaction():
            epoch, holder = self._state(run, number)
            if holder and is_held(holder, self._process, self._clock):
                raise LeaseLostError(describe(run, holder))
            lease = Lease(run, owner, epoch + 1, ttl)
            hold = self._process.hold(owner, ttl, self._clock)
            self._database.execute(
                "INSERT OR REPLACE INTO leases VALUES(?,?,?)",
                (number, lease.epoch, _encode(hold)),
            )
        return lease

    def heartbeat(self, lease: Lease) -> None:
        """Hold the run for another `ttl` seconds from now.

        Raises:
            LeaseLostError: Somebody took it over.
        """
        number = self._runs.key(lease.run).number
        with self._database.transaction():
            epoch, holder = self._state(lease.run, number)
            if holder is None or epoch != lease.epoch:
                raise lost(lease.run, holder)
            self._database.execute(
                "UPDATE leases SET holder = ? WHERE run = ?",
                (_encode(renewed(holder, self._clock)), number),
            )

    def release(self, lease: Lease) -> bool:
        """Give a run back, and tell whether it was still this lease's to give."""
        return bool(
            self._database.change(
                "UPDATE leases SET holder = '' WHERE run = ? AND epoch = ? AND holder <> ''",
                (self._runs.key(lease.run).number, lease.epoch),
            )
        )

    def lost(self, run: str) -> LeaseLostError:
        """Return the error for a refused write: who has the run now."""
        with self._database.transaction():
            return lost(run, self._state(run, self._runs.key(run).number)[1])

    def held(self, run: str) -> bool:
        """Tell whether somebody executes a run."""
        holder = self._state(run, self._runs.key(run).number)[1]
        return holder is not None and is_held(holder, self._process, self._clock)

    def _state(self, run: str, number: int) -> tuple[int, Holder | None]:
        rows = self._database.execute("SELECT epoch, holder FROM leases WHERE run = ?", (number,))
        if not rows:
            return 0, None
        epoch, text = rows[0]
        try:
            return int(epoch), msgspec.json.decode(text, type=Holder) if text else None
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise StoreError(
                f"the lease of run {run} in {self._database.path} is damaged: restore a backup"
            ) from error


def _encode(holder: Holder) -> str:
    return msgspec.json.encode(holder).decode()
