"""One process's hold on one run: lease, heartbeat, inbox, printed output."""

from __future__ import annotations

from typing import Final

import anyio
import anyio.to_thread

from ciranda.events import Event, RunCompleted, RunParked
from ciranda.runs.runner import Runner
from ciranda.runs.stage import Stage
from ciranda.store import Lease, Log

__all__ = ["Session"]

FLUSH: Final = 0.2  # seconds that printed output waits for the store at the most
DOZE: Final = 60.0  # the same, where no other process can be waiting for it
_UNKNOWN: Final = -1  # so that the first look takes what came since the lease
LEASE: Final = 30.0  # seconds after which a silent owner may be taken for dead


class Session:
    """Performs a run while keeping its lease and reading its inbox.

    Args:
        runner: What performs.
        stage: What holds the printed output.
        log: The store; None for a run in memory.
        lease: The right to write; None for a run in memory.
        after: The id of the last message that was there before the lease: of an earlier try.
    """

    def __init__(
        self,
        runner: Runner,
        stage: Stage,
        log: Log | None = None,
        lease: Lease | None = None,
        *,
        after: int = 0,
    ) -> None:
        self._runner: Final = runner
        self._stage: Final = stage
        self._log: Final = log
        self._lease: Final = lease
        self._after: Final = after

    async def perform(self, first: Event) -> RunCompleted | RunParked:
        """Record `first` and go on until the run ends; give the lease back whatever happens.

        Raises:
            StoreError: The store cannot keep events any more.
            LeaseLostError: Another process owns the run now.
        """
        if self._log is None or self._lease is None:
            return await self._runner.perform(first)
        try:
            async with anyio.create_task_group() as group:
                if self._log.shared:
                    group.start_soon(self._beat, self._log, self._lease)
                group.start_soon(self._listen, self._log)
                completed = await self._runner.perform(first)
                group.cancel_scope.cancel()
            return completed
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._leave, self._log, self._lease)

    def cancel(self, reason: str) -> None:
        """Ask the run to stop."""
        self._runner.cancel(reason)

    def _leave(self, log: Log, lease: Lease) -> None:
        try:
            self._stage.flush()
        finally:
            log.release(lease)

    async def _beat(self, log: Log, lease: Lease) -> None:
        while True:
            await anyio.sleep(lease.ttl / 3)
            await anyio.to_thread.run_sync(log.heartbeat, lease)

    async def _listen(self, log: Log) -> None:
        """Hand printed output to the store, and take messages of other processes."""
        version, last, pause = _UNKNOWN, self._after, FLUSH
        while True:
            await anyio.sleep(pause)
            self._runner.hasten()
            await anyio.to_thread.run_sync(self._stage.flush)
            if version == (version := log.data_version()):
                pause = FLUSH if log.shared else min(2 * pause, DOZE)
                continue
            pause = FLUSH
            for message in log.take(self._runner.run, last):
                last = message.id
                if message.kind == "cancel":
                    self._runner.cancel(message.payload.decode("utf-8", "replace"))
