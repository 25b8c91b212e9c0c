"""The reducer: events in, commands out; no clock, no I/O, no await, no randomness.

`apply(event)` changes the state in place (copying it would cost milliseconds in a large run) and
returns what the runner is to do. A replay folds the log and drops the commands; `RunResumed` then
asks again for everything that is still open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ciranda.events import (
    Event,
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    TimerFired,
)
from ciranda.runs.commands import Cancel, Command, EndMap, Finish, SetTimer, Skip, Start
from ciranda.runs.graph import Graph, Node
from ciranda.runs.items import Items
from ciranda.runs.revival import revive
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

__all__ = ["Scheduler", "split_path"]

RUN_CANCELLED = "the run was cancelled"


def split_path(path: str) -> tuple[str, int]:
    """Return the step id and the item's index (-1 for the step itself) of a path."""
    name, slash, item = path.partition("/")
    return name, int(item) if slash else -1


class Scheduler:
    """The state of one run. Read freely; change it only by `apply`."""

    def __init__(self, graph: Graph) -> None:
        count = len(graph.nodes)
        self.graph: Final = graph
        self.statuses: Final[list[Status]] = [PENDING] * count
        self.unmet: Final = [len(node.needs) for node in graph.nodes]
        self.blocked: Final[list[str]] = [""] * count  # why a failed need forbids the step
        self.origins: Final[list[str]] = [""] * count  # whose failure a bad end goes back to
        self.tainted: Final = bytearray(count)  # a need, however far up, failed
        self.attempts: Final = [1] * count
        self.tolerated: Final[set[int]] = set()
        self.items: Final[dict[int, Items]] = {}
        self.timers: Final[dict[tuple[int, int], float]] = {}
        self.open = count
        self.warnings = 0
        self.cancelled = ""
        self.finished = ""
        self._reducers: Final[dict[type[Event], Callable[[Any], list[Command]]]] = {
            RunStarted: self._run_started,
            RunResumed: self._run_resumed,
            RunCancelled: self._run_cancelled,
            RunCompleted: self._run_completed,
            StepStarted: self._step_started,
            StepAttemptFailed: self._step_attempt_failed,
            TimerFired: self._timer_fired,
            StepCompleted: self._step_completed,
            StepFailed: self._step_failed,
            StepSkipped: self._step_skipped,
            StepCancelled: self._step_cancelled,
            MapExpanded: self._map_expanded,
            MapCompleted: self._map_completed,
        }

    def apply(self, event: Event) -> list[Command]:
        """Take a fact in; return what follows from it."""
        reducer = self._reducers.get(type(event))
        return reducer(event) if reducer else []

    def status(self, node: int, item: int = -1) -> Status:
        """Return where a step or an item stands."""
        if item < 0:
            return self.statuses[node]
        return Status(self.items[node].statuses[item])

    def attempt(self, node: int, item: int = -1) -> int:
        """Return the number of the attempt that runs or comes next, from 1."""
        if item < 0:
            return self.attempts[node]
        return self.items[node].attempts.get(item, 1)

    def failures(self) -> list[str]:
        """Return the ids of the steps whose failure fails the run, in file order."""
        if FAILED not in self.statuses:
            return []
        return [
            node.id
            for node in self.graph.nodes
            if self.statuses[node.index] is FAILED and node.index not in self.tolerated
        ]

    def _find(self, path: str) -> tuple[int, int]:
        index = self.graph.by_id.get(path)
        if index is not None:
            return index, -1
        name, item = split_path(path)
        return self.graph.by_id[name], item

    # The run

    def _run_started(self, _: RunStarted) -> list[Command]:
        commands = [self.release(node) for node in self.graph.nodes if not node.needs]
        return commands if self.open else [self.finish()]

    def _run_resumed(self, _: RunResumed) -> list[Command]:
        self.finished = self.cancelled = ""
        return revive(self)

    def _run_cancelled(self, event: RunCancelled) -> list[Command]:
        self.cancelled = event.reason or RUN_CANCELLED
        commands: list[Command] = []
        for node in self.graph.nodes:
            status = self.statuses[node.index]
            if node.index in self.items and not status.ended:
                commands += self._stop_map(node, self.cancelled)
            elif status in (READY, RUNNING, WAITING):
                commands.append(Cancel(node.index, -1, self.cancelled))
        return commands

    def _run_completed(self, event: RunCompleted) -> list[Command]:
        self.finished = event.status
        return []

    def finish(self) -> Command:
        """Return the end of the run, once nothing is open."""
        if self.cancelled:
            return Finish("cancelled")
        return Finish("failed" if self.failures() else "succeeded")

    # Steps and items

    def _step_started(self, event: StepStarted) -> list[Command]:
        node, item = self._find(event.path)
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
        node, item = self._find(event.path)
        self.timers[node, item] = event.retry_at
        commands: list[Command] = [SetTimer(node, item, event.retry_at)]
        if item < 0:
            self.statuses[node] = WAITING
            self.attempts[node] = event.attempt + 1
            return commands
        items = self.items[node]
        items.statuses[item] = WAITING
        items.attempts[item] = event.attempt + 1
        items.running -= 1  # a back-off holds no place
        return commands + self.admit(self.graph.nodes[node])

    def _timer_fired(self, event: TimerFired) -> list[Command]:
        node, item = self._find(event.path)
        if self.timers.pop((node, item), None) is None:
            return []
        if item < 0:
            self.statuses[node] = READY
            return [Start(-self.graph.nodes[node].rank, -1, node, self.attempts[node])]
        self.items[node].statuses[item] = PENDING
        self.items[node].resumed.append(item)
        return self.admit(self.graph.nodes[node])

    def _step_completed(self, event: StepCompleted) -> list[Command]:
        node, item = self._find(event.path)
        if item < 0:
            return self.settle(node, SUCCEEDED)
        return self._settle_item(node, item, SUCCEEDED)

    def _step_failed(self, event: StepFailed) -> list[Command]:
        node, item = self._find(event.path)
        self.warnings += event.tolerated
        if item < 0:
            if event.tolerated:
                self.tolerated.add(node)
            return self.settle(node, FAILED)
        items = self.items[node]
        if not event.tolerated:
            items.failed += 1
            if self.graph.nodes[node].on_item_failure == "stop" and not items.stopped:
                items.settle(item, FAILED)
                return self._stop_map(self.graph.nodes[node], f"item {item} failed")
        return self._settle_item(node, item, FAILED)

    def _step_skipped(self, event: StepSkipped) -> list[Command]:
        node, item = self._find(event.path)
        if item < 0:
            self.origins[node] = event.because
            return self.settle(node, SKIPPED)
        return self._settle_item(node, item, SKIPPED)

    def _step_cancelled(self, event: StepCancelled) -> list[Command]:
        node, item = self._find(event.path)
        self.timers.pop((node, item), None)
        if item < 0:
            return self.settle(node, CANCELLED)
        return self._settle_item(node, item, CANCELLED)

    def settle(self, index: int, status: Status) -> list[Command]:
        """Note how a step ended and free those that waited for it."""
        self.statuses[index] = status
        self.open -= 1
        node = self.graph.nodes[index]
        commands: list[Command] = []
        if status is not SUCCEEDED or self.tainted[index]:
            self.spread(node)
        for dependent in node.dependents:
            self.unmet[dependent] -= 1
            if not self.unmet[dependent]:
                commands.append(self.release(self.graph.nodes[dependent]))
        if not self.open:
            commands.append(self.finish())
        return commands

    def spread(self, node: Node) -> None:
        """Tell the dependents of an ended step what its end means for them."""
        status = self.statuses[node.index]
        origin = self.origins[node.index]
        why = ""
        if status is FAILED and node.index not in self.tolerated:
            origin, why = node.id, f"'{node.id}' failed"
        elif status is CANCELLED:
            origin, why = node.id, f"'{node.id}' was cancelled"
        elif status is SKIPPED and origin:
            why = f"'{node.id}' was skipped, because '{origin}' did not succeed"
        for dependent in node.dependents:
            if why or self.tainted[node.index]:
                self.tainted[dependent] = 1
            if why and not self.graph.nodes[dependent].lifts_need(node.index):
                self.blocked[dependent] = self.blocked[dependent] or why
                self.origins[dependent] = self.origins[dependent] or origin

    def release(self, node: Node) -> Command:
        """Decide about a step whose needs have all ended."""
        index = node.index
        if self.blocked[index]:
            return Skip(index, self.blocked[index], self.origins[index])
        self.origins[index] = ""
        if self.cancelled and node.lifts is not True:
            return Cancel(index, -1, self.cancelled)
        self.statuses[index] = READY
        return Start(-node.rank, -1, index, self.attempts[index])

    # Maps

    def _map_expanded(self, event: MapExpanded) -> list[Command]:
        index, _ = self._find(event.path)
        node = self.graph.nodes[index]
        self.statuses[index] = RUNNING
        items = self.items[index] = Items(event.count)
        if self.cancelled and node.lifts is not True:
            return self._stop_map(node, self.cancelled)
        return self.admit(node) if items.open else [EndMap(index, "succeeded")]

    def admit(self, node: Node) -> list[Command]:
        """Begin as many items of a map as there are free places."""
        items = self.items[node.index]
        return [
            Start(-node.rank, item, node.index, items.attempts.get(item, 1))
            for item in items.admit(node.width)
        ]

    def _settle_item(self, index: int, item: int, status: Status) -> list[Command]:
        items = self.items[index]
        items.settle(item, status)
        if not items.open:
            return [self.end_map(self.graph.nodes[index])]
        return [] if items.stopped else self.admit(self.graph.nodes[index])

    def _stop_map(self, node: Node, reason: str) -> list[Command]:
        """Admit no more items, cancel those that are on their way."""
        items = self.items[node.index]
        items.stopped = reason
        commands: list[Command] = []
        for item, status in enumerate(items.statuses):
            if status == PENDING:
                items.settle(item, CANCELLED)
            elif status in (READY, RUNNING, WAITING):
                commands.append(Cancel(node.index, item, reason))
        items.resumed.clear()
        if not items.open:
            commands.append(self.end_map(node))
        return commands

    def end_map(self, node: Node) -> Command:
        """Return how a map ended, once no item is open."""
        items = self.items[node.index]
        if items.failed and node.on_item_failure != "keep":
            return EndMap(node.index, "failed")
        if items.stopped:
            return EndMap(node.index, "cancelled")
        return EndMap(node.index, "succeeded")

    def _map_completed(self, event: MapCompleted) -> list[Command]:
        index, _ = self._find(event.path)
        if event.tolerated:
            self.tolerated.add(index)
        return self.settle(index, Status[event.status.upper()])
