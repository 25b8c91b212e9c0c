"""The reducer: events in, commands out; no clock, no I/O, no await, no randomness.

`apply(event)` changes the state in place (copying it would cost milliseconds in a large run) and
returns what the runner is to do. A replay folds the log and drops the commands; `RunResumed` then
asks again for everything that is still open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    Event,
    EventReceived,
    EventTaken,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunParked,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
    TimerFired,
)
from ciranda.runs import conducting, repeating
from ciranda.runs.commands import (
    Cancel,
    Command,
    Expire,
    Finish,
    Offer,
    SetTimer,
    Skip,
    Start,
)
from ciranda.runs.graph import Graph
from ciranda.runs.revival import revive
from ciranda.runs.state import State
from ciranda.runs.status import (
    CANCELLED,
    FAILED,
    PENDING,
    READY,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    WAITING,
    Status,
)

__all__ = ["Scheduler"]

RUN_CANCELLED = "the run was cancelled"


class Scheduler(State):
    """The state of one run. Read freely; change it only by `apply`."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._reducers: Final[dict[type[Event], Callable[[Any], list[Command]]]] = {
            RunStarted: self._run_started,
            RunResumed: self._run_resumed,
            RunCancelled: self._run_cancelled,
            RunCompleted: self._run_completed,
            RunParked: self._run_parked,
            StepStarted: self._step_started,
            StepAttemptFailed: self._step_attempt_failed,
            TimerFired: self._timer_fired,
            StepCompleted: self._step_completed,
            StepFailed: self._step_failed,
            StepSkipped: self._step_skipped,
            StepCancelled: self._step_cancelled,
            StepWaits: self._step_waits,
            EventReceived: self._event_received,
            EventTaken: self._event_taken,
            ApprovalGiven: self._approval_given,
            MapExpanded: self._map_expanded,
            MapCompleted: self._map_completed,
            LoopTurned: self._loop_turned,
            BlockEntered: self._block_entered,
        }

    def apply(self, event: Event) -> list[Command]:
        """Take a fact in; return what follows from it."""
        reducer = self._reducers.get(type(event))
        return reducer(event) if reducer else []

    # The run

    def _run_started(self, event: RunStarted) -> list[Command]:
        self.since = event.at
        commands = [self.release(node.index) for node in self.graph.nodes if not node.needs]
        return commands if self.root.open else conducting.ended(self, self.root)

    def _run_resumed(self, event: RunResumed) -> list[Command]:
        ended, parked = bool(self.finished), self.parked
        if not parked:
            self.since = event.at
        self.parked, self.finished, self.over = False, "", False
        return revive(self, event.at, ended=ended, parked=parked)

    def _run_cancelled(self, event: RunCancelled) -> list[Command]:
        self.cancelled = event.reason or RUN_CANCELLED
        verdict = FAILED if event.error is not None else CANCELLED
        return conducting.stop(self, self.root, self.cancelled, verdict, event.error)

    def _run_completed(self, event: RunCompleted) -> list[Command]:
        self.finished = event.status
        self.over = True
        return []

    def _run_parked(self, event: RunParked) -> list[Command]:
        self.seen = max(self.seen, event.seen)
        self.parked = True
        return []

    def finish(self) -> Command:
        """Return the end of the run, once nothing is open."""
        self.over = True
        outcome = self.run.outcome
        return Finish(SUCCEEDED.word if outcome is None else outcome.word)

    # Steps and items

    def _step_started(self, event: StepStarted) -> list[Command]:
        node, item = self.find(event.path)
        if item < 0:
            self.statuses[node] = RUNNING
            self.attempts[node] = event.attempt
        else:
            items = self.items[node]
            items.statuses[item] = RUNNING
            if event.attempt > 1:
                items.attempts[item] = event.attempt
        return []

    def _step_attempt_failed(self, event: StepAttemptFailed) -> list[Command]:
        node, item = self.find(event.path)
        self.drop_conduct(node, item)
        self._forget_waiting(node, item)
        self.timers[node, item] = event.retry_at
        commands: list[Command] = [SetTimer(node, item, event.retry_at)]
        reason = self._stopped(node, item)
        if reason:
            commands = [Cancel(node, item, reason)]
        if item < 0:
            self.statuses[node] = WAITING
            self.attempts[node] = event.attempt + 1
            return commands
        items = self.items[node]
        items.statuses[item] = WAITING
        items.attempts[item] = event.attempt + 1
        items.running -= 1  # a back-off holds no place
        return commands + self.admit(node)

    def _stopped(self, node: int, item: int) -> str:
        """Return why a step or an item is not to go on; empty when it may."""
        reason = self.items[node].stopped if item >= 0 else ""
        if self.nodes[node].lifts is not True:
            reason = reason or self.frames[node].stop
        return reason

    def _timer_fired(self, event: TimerFired) -> list[Command]:
        node, item = self.find(event.path)
        if self.timers.pop((node, item), None) is None:
            return []
        if (node, item) in self.waits:
            return [Expire(node, item)]
        if self.conduct(node, item) is not None:
            return conducting.timed_out(self, node, item)
        if item < 0:
            self.statuses[node] = READY
            return [self.begin(node)]
        items = self.items[node]
        items.statuses[item] = PENDING
        items.resumed.append(item)
        return self.admit(node)

    def _step_completed(self, event: StepCompleted) -> list[Command]:
        path = event.path
        node, item = (self.numbers[path], -1) if path in self.numbers else self.find(path)
        if self.timers or self.waits:
            self._forget_waiting(node, item)
        own = self.nodes[node]
        if own.plain:
            if item < 0:
                return self.settle(node, SUCCEEDED)
            return repeating.settle_item(self, node, item, SUCCEEDED)
        commands: list[Command] = []
        if own.blocks:
            conducting.succeeded(self, node, item)
        if own.body == "succeed":
            commands += conducting.end_early(self, node, item)
        return commands + self.settle_either(node, item, SUCCEEDED)

    def _step_failed(self, event: StepFailed) -> list[Command]:
        node, item = self.find(event.path)
        self._forget_waiting(node, item)
        found = conducting.handled(self, node, item, "on-failure", event)
        return self.settle_failed(node, item, event) if found is None else found

    def settle_failed(self, node: int, item: int, event: StepFailed) -> list[Command]:
        """Note a failure whose handlers are done."""
        self.warnings += event.tolerated
        if item < 0:
            if event.tolerated:
                self.tolerated.add(node)
                return self.settle(node, FAILED)
            return self._blame(node, event) + self.settle(node, FAILED)
        return repeating.item_failed(self, node, item, tolerated=event.tolerated)

    def _blame(self, node: int, event: StepFailed | MapCompleted) -> list[Command]:
        """Note whose failure it is that a frame fails for."""
        frame = self.frames[node]
        if frame.error is None:
            frame.error = event.error
        if frame.graph.fail_fast and not frame.stop:
            self.statuses[node] = FAILED
            reason = f"'{self.nodes[node].id}' failed, and `fail-fast` is set"
            return conducting.stop(self, frame, reason, FAILED)
        return []

    def _step_skipped(self, event: StepSkipped) -> list[Command]:
        node, item = self.find(event.path)
        if item < 0:
            self.origins[node] = event.because
        return self.settle_either(node, item, SKIPPED)

    def _step_cancelled(self, event: StepCancelled) -> list[Command]:
        node, item = self.find(event.path)
        begun = self.status(node, item) in (RUNNING, WAITING)
        self._forget_waiting(node, item)
        found = conducting.handled(self, node, item, "on-cancel", event) if begun else None
        return self.settle_either(node, item, CANCELLED) if found is None else found

    def _forget_waiting(self, node: int, item: int) -> None:
        self.timers.pop((node, item), None)
        if self.waits.pop((node, item), None) is not None and item >= 0:
            self.items[node].statuses[item] = RUNNING  # it holds a place of its map until now

    def settle_either(self, node: int, item: int, status: Status) -> list[Command]:
        """Note how a step or an item ended."""
        if item < 0:
            return self.settle(node, status)
        return repeating.settle_item(self, node, item, status)

    def settle(self, index: int, status: Status) -> list[Command]:
        """Note how a step ended and free those that waited for it."""
        self.statuses[index] = status
        node, frame = self.nodes[index], self.frames[index]
        frame.open -= 1
        commands: list[Command] = []
        if status is not SUCCEEDED or self.tainted[index]:
            self.spread(index)
        base = frame.base
        for local in node.dependents:
            dependent = base + local
            self.unmet[dependent] -= 1
            if not self.unmet[dependent]:
                commands.append(self.release(dependent))
        if frame.need is not None and status is SUCCEEDED:
            commands += conducting.branch_won(self, frame, index)
        if not frame.open:
            commands += conducting.ended(self, frame)
        return commands

    def spread(self, index: int) -> None:
        """Tell the dependents of an ended step what its end means for them."""
        node, base = self.nodes[index], self.frames[index].base
        status = self.statuses[index]
        origin = self.origins[index]
        why = ""
        if status is FAILED and index not in self.tolerated:
            origin, why = node.id, f"'{node.id}' failed"
        elif status is CANCELLED:
            origin, why = node.id, f"'{node.id}' was cancelled"
        elif status is SKIPPED and origin:
            why = f"'{node.id}' was skipped, because '{origin}' did not succeed"
        for local in node.dependents:
            dependent = base + local
            if why or self.tainted[index]:
                self.tainted[dependent] = 1
            if why and not self.nodes[dependent].lifts_need(node.index):
                self.blocked[dependent] = self.blocked[dependent] or why
                self.origins[dependent] = self.origins[dependent] or origin

    def release(self, index: int) -> Command:
        """Decide about a step whose needs have all ended."""
        if self.blocked[index]:
            return Skip(index, self.blocked[index], self.origins[index])
        self.origins[index] = ""
        frame, node = self.frames[index], self.nodes[index]
        if frame.stop and node.lifts is not True:
            return Cancel(index, -1, frame.stop)
        self.statuses[index] = READY
        return Start(-(frame.lift + node.rank), -1, index, self.attempts[index])

    def begin(self, index: int, item: int = -1) -> Start:
        """Return the start of a step or an item."""
        urgency = -(self.frames[index].lift + self.nodes[index].rank)
        return Start(urgency, item, index, self.attempt(index, item))

    # Maps, loops and blocks

    def _map_expanded(self, event: MapExpanded) -> list[Command]:
        node, _ = self.find(event.path)
        return repeating.expand(self, node, event.count)

    def admit(self, node: int) -> list[Command]:
        """Begin as many items of a map as there are free places."""
        return repeating.admit(self, node)

    def _map_completed(self, event: MapCompleted) -> list[Command]:
        node, _ = self.find(event.path)
        status = Status[event.status.upper()]
        if event.tolerated:
            self.tolerated.add(node)
        elif status is FAILED:
            return self._blame(node, event) + self.settle(node, status)
        return self.settle(node, status)

    def _loop_turned(self, event: LoopTurned) -> list[Command]:
        node, _ = self.find(event.path)
        return repeating.turn(self, node, event.turn, event.due)

    def _block_entered(self, event: BlockEntered) -> list[Command]:
        return conducting.enter(self, event)

    # What waits

    def _step_waits(self, event: StepWaits) -> list[Command]:
        node, item = self.find(event.path)
        self.waits[node, item] = event
        if item < 0:
            self.statuses[node] = WAITING
        else:
            self.items[node].statuses[item] = WAITING
        reason = self._stopped(node, item)
        if reason:
            return [Cancel(node, item, reason)]
        commands: list[Command] = []
        if event.until is not None:
            self.timers[node, item] = event.until
            commands.append(SetTimer(node, item, event.until))
        if event.what == "event" and self.events:
            commands.append(Offer(node, item))
        return commands

    def _event_received(self, event: EventReceived) -> list[Command]:
        self.seen = max(self.seen, event.message)
        if event.id in self.events or event.id in self.taken:
            return []
        self.events[event.id] = event
        return list(self._listening(event.event))

    def _listening(self, name: str) -> Iterator[Command]:
        for (node, item), wait in self.waits.items():
            if wait.what == "event" and wait.event == name:
                yield Offer(node, item)

    def _event_taken(self, event: EventTaken) -> list[Command]:
        self.events.pop(event.id, None)
        self.taken.add(event.id)
        return []

    def _approval_given(self, event: ApprovalGiven) -> list[Command]:
        self.seen = max(self.seen, event.message)
        return []
