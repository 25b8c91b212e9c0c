"""Obeys what the scheduler asks for, but for the attempts that workers perform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

import anyio
from anyio.abc import TaskGroup

from ciranda.events import Failure, RunParked, StepCancelled, StepSkipped, TimerFired
from ciranda.runs.commands import (
    Cancel,
    Command,
    EndMap,
    Enter,
    Expire,
    Finish,
    Leave,
    Offer,
    SetTimer,
    Skip,
    Start,
    Turn,
)
from ciranda.runs.endings import end_of_map, end_of_run, without_secrets
from ciranda.runs.frame import Frame
from ciranda.runs.host import Host

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Orders"]

Key = tuple[int, int]


@final
class Orders:
    """Records what follows from commands, and cancels what is under way.

    Args:
        runner: Whose commands they are.
        host: What the run offers to its steps.
        clock: Monotonic seconds.
        wall: Seconds since the epoch.

    Attributes:
        reasons: Why those that are under way are cancelled.
    """

    def __init__(
        self,
        runner: Runner,
        host: Host,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._runner: Final = runner
        self._spent: Final = host.spent
        self._vault: Final = host.vault
        self._clock: Final = clock
        self._wall: Final = wall
        self.reasons: Final[dict[Key, str]] = {}
        self._map_started: Final[dict[int, float]] = {}
        self._group: TaskGroup
        self._orders: Final[dict[type[Command], Callable[[Any], None]]] = {
            Skip: self._skip,
            EndMap: self._end_map,
            Cancel: self._cancel,
            SetTimer: self._set_timer,
            Enter: runner.bodies.enter,
            Leave: runner.bodies.leave,
            Turn: runner.bodies.turn,
            Offer: runner.awaiting.offer,
            Expire: runner.awaiting.expire,
            Finish: self._finish,
        }

    def open(self, group: TaskGroup) -> None:
        """Let timers run in this group, that of the whole run too."""
        self._group = group
        limit = self._runner.plan.workflow.timeout
        if limit is not None:
            group.start_soon(self._end_in_time, limit)

    async def _end_in_time(self, limit: float) -> None:
        due = self._runner.scheduler.since + limit  # the run's first event is applied
        await anyio.sleep(max(0.0, due - self._wall()))
        message = f"the run was not done in its {limit:g} seconds"
        self._runner.stop(message, Failure(kind="timeout", message=message, retryable=False))

    def obey(self, command: Command) -> None:
        """Do what the scheduler asks for."""
        self._orders[type(command)](command)

    def forget(self, frame: Frame) -> None:
        """Forget steps that nobody needs any more."""
        self._runner.attempts.forget(frame.prefix)
        for node in range(frame.base, frame.base + len(frame.graph.nodes)):
            self._runner.bodies.forget(node)
            self._map_started.pop(node, None)

    def let_go(self) -> None:
        """Park the run if nothing but time, an event or somebody's word can bring it further."""
        runner, scheduler = self._runner, self._runner.scheduler
        if runner.active or runner.ready or runner.pending or scheduler.over:
            return
        if runner.parked is not None or not scheduler.waits:
            return
        times = list(scheduler.timers.values())
        limit = runner.plan.workflow.timeout
        if limit is not None:
            times.append(scheduler.since + limit)
        due = min(times, default=None)
        if due is not None and due <= self._wall():
            return  # it is about to go on
        events = sorted({wait.event for wait in scheduler.waits.values() if wait.event})
        runner.record(RunParked(**runner.stamp(), due=due, seen=runner.seen, events=events))

    # What becomes of those under way

    def opened(self, key: Key) -> None:
        """Note that a step has items or blocks now: these are stopped in its place."""
        self._runner.active.pop(key, None)
        self.reasons.pop(key, None)

    def waits(self, key: Key) -> None:
        """Cancel a step that began to wait while it was being cancelled."""
        self._runner.active.pop(key, None)
        if key in self.reasons:
            self._cancel_unstarted(key, self.reasons.pop(key))

    def stopped(self, start: Start) -> None:
        """Record the end of a step whose worker was cancelled under it."""
        key = (start.node, start.item)
        self._cancel_unstarted(key, self.reasons.pop(key, "cancelled"))

    def map_started(self, node: int) -> None:
        """Note when the first item of a map could begin."""
        self._map_started[node] = self._clock()

    # Commands

    def _skip(self, command: Skip) -> None:
        runner, path = self._runner, self._runner.scheduler.path(command.node)
        reason, because = command.reason, command.because
        runner.record(StepSkipped(**runner.stamp(), path=path, reason=reason, because=because))

    def _end_map(self, command: EndMap) -> None:
        now = self._clock()
        started = self._map_started.pop(command.node, now)
        self._runner.record(end_of_map(self._runner, command, now - started))

    def _cancel(self, command: Cancel) -> None:
        key = (command.node, command.item)
        active = self._runner.active
        if key not in active:
            self._cancel_unstarted(key, command.reason)
            return
        self.reasons[key] = command.reason
        scope = active[key]
        if scope is not None:
            scope.cancel()

    def _cancel_unstarted(self, key: Key, reason: str) -> None:
        runner = self._runner
        runner.active[key] = None
        path = runner.scheduler.path(*key)
        used = self._spent(path)
        runner.record(StepCancelled(**runner.stamp(), path=path, reason=reason, used=used))

    def _set_timer(self, command: SetTimer) -> None:
        self._group.start_soon(self._wait, command)

    async def _wait(self, timer: SetTimer) -> None:
        runner = self._runner
        await anyio.sleep(max(0.0, timer.at - self._wall()))
        if runner.scheduler.timers.get((timer.node, timer.item)) == timer.at:
            path = runner.scheduler.path(timer.node, timer.item)
            runner.record(TimerFired(**runner.stamp(), path=path))
            runner.commit()

    def _finish(self, command: Finish) -> None:
        runner, took = self._runner, self._clock() - self._runner.started
        ended = end_of_run(runner, runner.scopes.root, command.status, took)
        if self._vault:
            ended = without_secrets(ended, self._vault)
        runner.record(ended)
