"""One process's hold on one run: lease, heartbeat, inbox, printed output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from ciranda.bus.report import logger
from ciranda.errors import InputError
from ciranda.events import Event, RunCompleted, RunParked
from ciranda.runs.messages import CANCEL, Answered, decode
from ciranda.runs.runner import Runner
from ciranda.runs.stage import Stage
from ciranda.store import Lease, Log, Message

if TYPE_CHECKING:
    from ciranda.runs.runsgroup import Turn

__all__ = ["Session"]

FLUSH: Final = 0.2  # seconds that printed output waits for the store at the most
DOZE: Final = 60.0  # the same, where no other process can be waiting for it
LISTEN: Final = 0.05  # seconds that a message waits at the most for a run that only waits
_UNKNOWN: Final = -1  # so that the first look takes what came since the lease
LEASE: Final = 30.0  # seconds after which a silent owner may be taken for dead


class Session:
    """Performs a run while keeping its lease and reading its inbox.

    Args:
        runner: What performs.
        stage: What holds the printed output.
        log: The store; None for a run in memory.
        lease: The right to write; None for a run in memory.
        deaf: Id of the last message whose wish to stop was one of an earlier try; None if there
            was none.
        turn: Waits for the run's place in its group; None when it is in none.
    """

    def __init__(
        self,
        runner: Runner,
        stage: Stage,
        log: Log | None = None,
        lease: Lease | None = None,
        *,
        deaf: int | None = None,
        turn: Turn | None = None,
    ) -> None:
        self._runner: Final = runner
        self._stage: Final = stage
        self._log: Final = log
        self._lease: Final = lease
        self._resumed: Final = deaf is not None  # then there may be messages already
        self._deaf: Final = deaf or 0
        self._turn: Final = turn
        self._heeded = False  # the messages that were taken are kept by the run's log

    async def perform(self, first: Event) -> RunCompleted | RunParked:
        """Record `first` and go on until the run ends or is parked; give the lease back always.

        Raises:
            StoreError: The store cannot keep events any more.
            LeaseLostError: Another process owns the run now.
        """
        try:
            if self._log is None or self._lease is None:
                return await self._performed(first, None)
            async with anyio.create_task_group() as group:
                if self._log.shared:
                    group.start_soon(self._beat, self._log, self._lease)
                completed = await self._performed(first, group)
                group.cancel_scope.cancel()
            self._heeded = True
            return completed
        finally:
            if self._turn is not None:
                self._turn.leave()
            if self._log is not None and self._lease is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._leave, self._log, self._lease)

    async def _performed(self, first: Event, group: TaskGroup | None) -> RunCompleted | RunParked:
        if self._turn is not None:
            going = await self._turn.come(first, self._deaf)
            if going is None:
                assert self._runner.completed is not None  # it was refused
                return self._runner.completed
            first = going
        if group is not None and self._log is not None:
            group.start_soon(self._listen, self._log)
        return await self._runner.perform(first)

    def cancel(self, reason: str) -> None:
        """Ask the run to stop."""
        reason = self._stage.vault.mask(reason)
        if self._turn is not None and self._turn.waiting:
            self._turn.cancel(reason)
        else:
            self._runner.cancel(reason)

    def park(self) -> bool:
        """Let go of the run now if all that is open in it waits; tell whether it does."""
        return self._runner.park()

    def _leave(self, log: Log, lease: Lease) -> None:
        try:
            self._stage.flush()
            if self._heeded:  # the log tells of what was in them, and is kept
                runner = self._runner
                kept = runner.scheduler.seen
                log.forget(runner.run, kept, CANCEL, max(kept, self._deaf, runner.seen))
        finally:
            log.release(lease)

    async def _beat(self, log: Log, lease: Lease) -> None:
        while True:
            await anyio.sleep(lease.ttl / 3)
            await anyio.to_thread.run_sync(log.heartbeat, lease)

    async def _listen(self, log: Log) -> None:
        """Hand printed output to the store, and take messages of other processes."""
        version, pause, quiet = _UNKNOWN, 0.0 if self._resumed else FLUSH, False
        while True:
            await anyio.sleep(pause)
            runner = self._runner
            was_quiet, quiet = quiet, not (runner.active or runner.ready or runner.pending)
            if not (was_quiet and quiet):  # else nothing was recorded or printed since
                runner.hasten()
                await anyio.to_thread.run_sync(self._stage.flush)
            shortest = LISTEN if quiet else FLUSH
            if version == (version := log.data_version()):
                pause = shortest if log.shared else min(2 * pause, DOZE)
                continue
            pause = shortest
            self.look()

    def look(self) -> None:
        """Take the messages that came; whoever posts from this process need not wait for it."""
        runner = self._runner
        if self._log is not None and not (self._turn is not None and self._turn.waiting):
            for message in self._log.take(runner.run, runner.seen):
                runner.seen = message.id
                self._take(message)
            runner.listened()

    def _take(self, message: Message) -> None:
        """Hand a message on; one that makes no sense is told of, and left."""
        if message.kind == CANCEL:
            if message.id > self._deaf:
                self.cancel(message.payload.decode("utf-8", "replace"))
            return
        try:
            said = decode(message)
        except InputError as error:
            logger().warning("message left aside", run=message.run, reason=str(error))
            return
        if isinstance(said, Answered):
            self._runner.awaiting.answer(message.id, said)
        else:
            self._runner.awaiting.receive(message.id, said)
