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
import msgspec
from anyio.abc import TaskGroup

from ciranda.events import (
    BlockEntered,
    Event,
    EventTaken,
    Failure,
    ForeignEvent,
    LoopTurned,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunParked,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.runs.artifacts import restore_files
from ciranda.runs.attempt import Attempts
from ciranda.runs.awaiting import Awaiting
from ciranda.runs.bodies import Bodies
from ciranda.runs.commands import Start
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.host import Host
from ciranda.runs.journal import Journal
from ciranda.runs.notes import Notes
from ciranda.runs.orders import Orders
from ciranda.runs.plan import Plan, PlannedStep
from ciranda.runs.results import Results
from ciranda.runs.scheduler import Scheduler
from ciranda.runs.scopes import Scopes
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
        park: Let go of the run when all that is open waits.
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
        park: bool = False,
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
        # A start is news to observers and to later processes, seldom to who asked for it.
        self._heeds_starts: Final = plan.graph.heeds_starts
        self.keeps_starts: Final = journal.durable or publish is not None or self._heeds_starts
        self._publish: Final = publish
        self._clock: Final = clock
        self.wall: Final = wall
        self.pending: list[Event | ForeignEvent] = []
        self._oldest = 0.0  # when the first pending event was recorded
        self._committing = False
        self._lost: BaseException | None = None  # why events could not be kept
        self.active: Final[dict[Key, anyio.CancelScope | None]] = {}
        self.started = clock()
        self._host: Final = host
        self.notes: Final = Notes(self, host)
        self.parked: RunParked | None = None
        self._park: Final = park
        self.seen = 0  # the last message of the inbox that was looked at
        self._deaf = False  # the inbox was not looked at since the run was taken up again
        self.scopes: Final = Scopes(self, host)
        self.attempts: Final = Attempts(self, host, clock=clock, wall=wall, chance=chance)
        self.bodies: Final = Bodies(self, host, clock=clock, wall=wall)
        self.awaiting: Final = Awaiting(self, host, wall=wall)
        self.orders: Final = Orders(self, host, clock=clock, wall=wall)
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
        files = any(step.files for step in self.plan.steps)
        for event in self._journal.read():
            self.seq = event.seq + 1
            if isinstance(event, Event):
                self.scheduler.apply(event)
                self.results.apply(event)
                if files and isinstance(event, StepCompleted):
                    restore_files(self, self._host, event)
                self.awaiting.replay(event)
                self.bodies.replay(event)
                self._forget_released()
        self.seen = self.scheduler.seen
        self._deaf = True

    def take_over(self, started: Event, events: list[Event]) -> None:
        """Begin the log with what another run came to, and fold it."""
        taken = [msgspec.structs.replace(event, **self.stamp()) for event in events]
        self._journal.append([started, *taken])
        self._tell(started)
        self.replay()

    def planned(self, node: int) -> PlannedStep:
        """Return what is prepared for a step."""
        return self.plan.steps[self.scheduler.place(node)]

    async def perform(self, first: Event) -> RunCompleted | RunParked:
        """Record `first` (`RunStarted` or `RunResumed`) and go on until the run ends or is parked.

        Raises:
            StoreError: The journal cannot keep events any more; what it kept can be resumed.
            LeaseLostError: Another process owns the run now.
        """
        self.started = self._clock()
        self._wanted, self._done = anyio.Event(), anyio.Event()
        try:
            async with anyio.create_task_group() as self._group:
                self._workers.open(self._group)
                self.orders.open(self._group)
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
        if self.parked is not None:
            return self.parked
        if self.completed is None:  # only when the group was cancelled from outside
            raise RuntimeError("the run ended without an end")  # pragma: no cover
        return self.completed

    def cancel(self, reason: str) -> None:
        """Ask the run to stop: running steps are stopped, `if: always()` steps still run."""
        self.stop(reason, None)

    def stop(self, reason: str, error: Failure | None) -> None:
        """Stop the run; with an error it fails for that."""
        if not self.scheduler.cancelled and not self.completed:
            self.record(RunCancelled(**self.stamp(), reason=reason, error=error))
            self._commit_here()

    def listened(self) -> None:
        """Note that all that was in the inbox is looked at: from now on the run can be parked."""
        deaf, self._deaf = self._deaf, False
        if deaf and self._park:
            self.park()

    def park(self) -> bool:
        """Let go of the run now if all that is open in it waits; tell whether it does."""
        if self._durable and not (self._deaf or self._committing):
            self.orders.let_go()
            self._commit_here()
        return self.parked is not None

    # Recording

    def stamp(self) -> dict[str, Any]:
        """Return the envelope of the next event."""
        return {"run": self.run, "seq": self.next_seq(), "at": self.wall()}

    def next_seq(self) -> int:
        """Return the place of the next event in the log."""
        self.seq += 1
        return self.seq - 1

    def note(self, event: ForeignEvent) -> bool:
        """Take an event of a plugin, with the next place in the log; False after the last one."""
        if self._lost is not None or self.scheduler.over:
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

    def commit_soon(self) -> None:
        """Keep and apply what is pending, the next time the loop turns at the latest."""
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
            if self.pending and isinstance(self.pending[-1], RunParked):
                self._commit_here()  # before anything else is recorded: it is the last event
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
        publish, begin, obey = self._publish, self._begin, self.orders.obey
        numbers, active, reasons = self.scheduler.numbers, self.active, self.orders.reasons
        for event in events:
            kind = type(event)
            if kind is StepStarted or kind is ForeignEvent:
                self._tell(event)
                continue
            commands = self.scheduler.apply(event)  # type: ignore[arg-type]  # no stranger
            self.results.apply(event)  # type: ignore[arg-type]
            if publish is not None and not publish(event):  # type: ignore[arg-type]
                self._workers.crowded = True
            if kind in ENDS:
                path: str = event.path  # type: ignore[union-attr]  # ENDS are of steps
                key = (numbers[path], -1) if path in numbers else self.scheduler.find(path)
                active.pop(key, None)
                if reasons:
                    reasons.pop(key, None)
            else:
                self._note(event)  # type: ignore[arg-type]  # no stranger
            if self.scheduler.released:
                self._forget_released()
            for command in commands:
                if type(command) is Start:
                    begin(command)
                else:
                    obey(command)
        if self._park and not self._deaf:
            self.orders.let_go()

    def _tell(self, event: Event | ForeignEvent) -> None:
        """Tell observers of an event that the scheduler has hardly ever a use for."""
        if self._heeds_starts and isinstance(event, StepStarted):
            self.scheduler.apply(event)
        tell = self.notes.tell if isinstance(event, ForeignEvent) else self._publish
        if tell is not None and not tell(event):  # type: ignore[arg-type]  # each gets its kind
            self._workers.crowded = True

    def _note(self, event: Event) -> None:
        """Note what an event that ends no step means here."""
        if isinstance(event, BlockEntered | LoopTurned | MapExpanded):
            if event.path:
                key = self.scheduler.find(event.path)
                self.orders.opened(key)
                if isinstance(event, BlockEntered):
                    self.bodies.began(*key, event.block)
        elif isinstance(event, StepAttemptFailed | StepWaits):
            self.orders.waits(self.scheduler.find(event.path))
        elif isinstance(event, EventTaken):
            self.awaiting.taken(event)
        elif isinstance(event, RunCompleted):
            self.completed = event
            self._done.set()
        elif isinstance(event, RunParked):
            self.parked = event
            self._done.set()

    def _forget_released(self) -> None:
        released, self.scheduler.released = self.scheduler.released, []
        for frame in released:
            self.results.forget(frame)
            self.scopes.forget(frame)
            self.orders.forget(frame)

    # For workers

    def stopped(self, start: Start, scope: anyio.CancelScope) -> None:
        """Record the end of a step whose worker was cancelled under it."""
        if self.active.get((start.node, start.item)) is scope:  # it had recorded no end of its own
            self.orders.stopped(start)
        self.commit()

    def ended(self, start: Start) -> None:
        """Note that the outcome of an attempt is recorded: a cancellation comes too late now."""
        self.active[start.node, start.item] = None
