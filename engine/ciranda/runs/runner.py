"""The effectful shell of a run: performs what the scheduler asks for, records what became of it.

One task group a run. What a step did is applied (and frees the steps behind it) only after the
journal kept it, so what is durable is always a prefix of what happened.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from heapq import heappush
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from ciranda.events import (
    Event,
    ForeignEvent,
    RunCancelled,
    RunCompleted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    TimerFired,
)
from ciranda.runs.attempt import Attempts
from ciranda.runs.commands import Cancel, Command, EndMap, Finish, SetTimer, Skip, Start
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.endings import end_of_map, end_of_run
from ciranda.runs.host import Host
from ciranda.runs.journal import Journal
from ciranda.runs.notes import Notes
from ciranda.runs.plan import Plan
from ciranda.runs.results import Results
from ciranda.runs.scheduler import Scheduler
from ciranda.runs.turnstile import Turnstile
from ciranda.runs.workers import Workers

__all__ = ["Runner"]

BATCH: Final = 100  # events that wait for a commit at the most
LINGER: Final = 0.005  # seconds that an event waits for company at the most

ENDS: Final = frozenset({StepCompleted, StepFailed, StepCancelled, StepSkipped})

Key = tuple[int, int]


class Runner:
    """Performs one run to its end.

    Args:
        plan: The compiled workflow.
        journal: Where events are kept.
        run: The run's id.
        host: What the run offers to its steps.
        publish: Tells observers of an event, and whether they could take more; None when
            nobody listens.
        room: Waits until they can take more.
        most: Steps that may be under way at once; None is as many as are ready.
        dispatch: How ready steps are admitted; None begins them at once, by rank.
        clock: Monotonic seconds.
        wall: Seconds since the epoch; events and retry times carry it.
        chance: Random numbers in [0, 1) for the jitter of retries.
    """

    def __init__(  # noqa: PLR0913  (each word is one thing to choose; all have defaults)
        self,
        plan: Plan,
        journal: Journal,
        *,
        run: str,
        host: Host,
        publish: Callable[[Event], bool] | None = None,
        room: Callable[[], Awaitable[None]] | None = None,
        most: int | None = None,
        dispatch: Dispatch | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.plan: Final = plan
        self.run: Final = run
        self.scheduler: Final = Scheduler(plan.graph)
        self.results: Final = Results(self.scheduler, journal)
        self.completed: RunCompleted | None = None
        self.seq = 0
        self._journal: Final = journal
        self._durable: Final = journal.durable
        # A start is news to observers and to later processes only; the scheduler asked for it.
        self.keeps_starts: Final = journal.durable or publish is not None
        self._publish: Final = publish
        self._clock: Final = clock
        self._wall: Final = wall
        self.pending: list[Event | ForeignEvent] = []
        self._oldest = 0.0  # when the first pending event was recorded
        self._committing = False
        self._lost: BaseException | None = None  # why events could not be kept
        self.active: Final[dict[Key, anyio.CancelScope | None]] = {}
        self._reasons: Final[dict[Key, str]] = {}
        self._map_started: Final[dict[int, float]] = {}
        self._started = clock()
        self.notes: Final = Notes(self, host)
        self._spent: Final = host.spent
        self.attempts: Final = Attempts(self, host, clock=clock, wall=wall, chance=chance)
        self.turnstile: Final = (
            None if dispatch is None else Turnstile(self, dispatch, most=most, clock=clock)
        )
        # Whoever passes the turnstile has a slot: no worker is missing then.
        most = most if dispatch is None else None
        self._workers: Final = Workers(self, most=most, room=room, clock=clock)
        self.ready: Final = self._workers.ready
        self._begin: Final[Callable[[Start], None]] = (
            partial(heappush, self.ready) if self.turnstile is None else self.turnstile.push
        )
        self.wake: Final = self._workers.wake
        self._group: TaskGroup
        self._wanted: anyio.Event
        self._done: anyio.Event

    def replay(self) -> None:
        """Fold what the journal holds; commands of the past are dropped."""
        for event in self._journal.read():
            self.seq = event.seq + 1
            if isinstance(event, Event):
                self.scheduler.apply(event)
                self.results.apply(event)

    async def perform(self, first: Event) -> RunCompleted:
        """Record `first` (`RunStarted` or `RunResumed`) and go on until the run ends.

        Raises:
            StoreError: The journal cannot keep events any more; what it kept can be resumed.
            LeaseLostError: Another process owns the run now.
        """
        self._started = self._clock()
        self._wanted, self._done = anyio.Event(), anyio.Event()
        try:
            async with anyio.create_task_group() as self._group:
                self._workers.open(self._group)
                if self.turnstile is not None:
                    self.turnstile.open(self._group)
                self.record(first)
                self._commit_here()
                self._group.start_soon(self._commit_behind)
                self.wake()
                await self._done.wait()
                self._group.cancel_scope.cancel()
        finally:
            if self.turnstile is not None:
                self.turnstile.close()
        if self._lost is not None:
            raise self._lost
        if self.completed is None:  # only when the group was cancelled from outside
            raise RuntimeError("the run ended without an end")  # pragma: no cover
        return self.completed

    def cancel(self, reason: str) -> None:
        """Ask the run to stop: running steps are stopped, `if: always()` steps still run."""
        if not self.scheduler.cancelled and not self.completed:
            self.record(RunCancelled(**self.stamp(), reason=reason))
            self._commit_here()

    # Recording

    def stamp(self) -> dict[str, Any]:
        """Return the envelope of the next event."""
        return {"run": self.run, "seq": self.next_seq(), "at": self._wall()}

    def next_seq(self) -> int:
        """Return the place of the next event in the log."""
        seq = self.seq
        self.seq = seq + 1
        return seq

    def note(self, event: ForeignEvent) -> bool:
        """Take an event of a plugin, with the next place in the log; False after the last one."""
        if self._lost is not None or not self.scheduler.open:
            return False
        self.seq += 1
        self.record(event)
        self._wanted.set()  # not here: what a commit begins would inherit the step's context
        return True

    def record(self, event: Event | ForeignEvent) -> None:
        """Put an event in the queue to the journal."""
        if self._durable and not self.pending:
            self._oldest = self._clock()
        self.pending.append(event)

    def hasten(self) -> None:
        """Keep what is pending: that a long step has begun is news before it ends."""
        if self.pending:
            self._wanted.set()

    def commit(self) -> None:
        """Keep and apply what is pending, after a step; decide where the commit happens."""
        if self._durable:
            crowded = len(self.pending) >= BATCH or self._clock() - self._oldest > LINGER
            if self.ready and not crowded:
                self._wanted.set()  # the next time the loop turns, at the latest
                return
            if self._committing or self._workers.busy > 1:
                self._wanted.set()  # others are at work: do not stop the loop for the disk
                return
        self._commit_here()

    def _commit_here(self) -> None:
        if self._committing:
            self._wanted.set()
            return
        while self.pending and self._lost is None:
            events, self.pending = self.pending, []
            try:
                self._journal.append(events)
                self._absorb(events)
            except BaseException as error:  # raised by `perform`
                self._lose(error)
        if self.ready:
            self.wake()

    async def _commit_behind(self) -> None:
        """Commit in a thread whenever the loop turns and something is pending."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if not self.pending or self._lost is not None:
                continue
            events, self.pending = self.pending, []
            self._committing = True
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._journal.append, events)
                self._absorb(events)
            except Exception as error:
                self._lose(error)
            finally:
                self._committing = False
            self.wake()
            if self.pending:
                self._wanted.set()

    def _lose(self, error: BaseException) -> None:
        """End the run here: were later events kept, the log would have a hole."""
        self._lost = error
        self.ready.clear()
        self.notes.drop()
        self._done.set()

    def _absorb(self, events: list[Event | ForeignEvent]) -> None:
        """Take in kept events, and what follows from them."""
        self._apply(events)
        if self.turnstile is not None:
            self.turnstile.absorbed(events)

    def _apply(self, events: list[Event | ForeignEvent]) -> None:
        publish, begin = self._publish, self._begin
        for event in events:
            kind = type(event)
            if kind is StepStarted:
                if publish is not None and not publish(event):  # type: ignore[arg-type]  # no stranger
                    self._workers.crowded = True
                continue
            if isinstance(event, ForeignEvent):
                if not self.notes.tell(event):
                    self._workers.crowded = True
                continue
            commands = self.scheduler.apply(event)
            self.results.apply(event)
            if publish is not None and not publish(event):
                self._workers.crowded = True
            if kind in ENDS:
                self.active.pop(self.plan.key(event.path), None)  # type: ignore[attr-defined]  # ENDS are of steps
            elif kind is StepAttemptFailed:
                self._cancel_late(event.path)  # type: ignore[attr-defined]  # has a path
            elif isinstance(event, RunCompleted):
                self.completed = event
                self._done.set()
            for command in commands:
                if type(command) is Start:
                    begin(command)
                else:
                    self._obey(command)

    def _cancel_late(self, path: str) -> None:
        """Cancel a step that failed, and would be tried again, while it was being cancelled."""
        key = self.plan.key(path)
        self.active.pop(key, None)
        if key in self._reasons:
            self._cancel_unstarted(key, self._reasons.pop(key))

    def _obey(self, command: Command) -> None:
        if isinstance(command, Skip):
            path = self.plan.path(command.node)
            reason, because = command.reason, command.because
            self.record(StepSkipped(**self.stamp(), path=path, reason=reason, because=because))
        elif isinstance(command, EndMap):
            self._end_map(command)
        elif isinstance(command, Cancel):
            key = (command.node, command.item)
            if key in self.active:
                self._reasons[key] = command.reason
                scope = self.active[key]
                if scope is not None:
                    scope.cancel()
            else:
                self._cancel_unstarted(key, command.reason)
        elif isinstance(command, SetTimer):
            self._group.start_soon(self._wait, command)
        elif isinstance(command, Finish):
            self._finish(command.status)

    def _cancel_unstarted(self, key: Key, reason: str) -> None:
        self.active[key] = None
        path = self.plan.path(*key)
        used = self._spent(path)
        self.record(StepCancelled(**self.stamp(), path=path, reason=reason, used=used))

    def _end_map(self, command: EndMap) -> None:
        now = self._clock()
        started = self._map_started.pop(command.node, now)
        self.record(end_of_map(self, command, now - started))

    def map_started(self, node: int) -> None:
        """Note when the first item of a map could begin."""
        self._map_started[node] = self._clock()

    def _finish(self, status: str) -> None:
        took = self._clock() - self._started
        self.record(end_of_run(self, self.attempts.scope, status, took))

    # For workers

    def stopped(self, start: Start, scope: anyio.CancelScope) -> None:
        """Record the end of a step whose worker was cancelled under it."""
        key = (start.node, start.item)
        if self.active.get(key) is scope:  # it had not recorded an end of its own
            reason = self._reasons.pop(key, "cancelled")
            self._cancel_unstarted(key, reason)
        self.commit()

    def ended(self, start: Start) -> None:
        """Note that the outcome of an attempt is recorded: a cancellation comes too late now."""
        self.active[start.node, start.item] = None

    async def _wait(self, timer: SetTimer) -> None:
        await anyio.sleep(max(0.0, timer.at - self._wall()))
        if self.scheduler.timers.get((timer.node, timer.item)) == timer.at:
            path = self.plan.path(timer.node, timer.item)
            self.record(TimerFired(**self.stamp(), path=path))
            self.commit()
