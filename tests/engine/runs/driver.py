"""Drives the pure scheduler without a loop: every command is answered by a scripted outcome."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ciranda.events import (
    Event,
    Failure,
    MapCompleted,
    MapExpanded,
    RunCompleted,
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
from ciranda.runs.graph import Graph, build_graph
from ciranda.runs.scheduler import Scheduler
from ciranda.workflow.model import Step

BOOM = Failure(kind="crash", message="boom")


@dataclass
class Script:
    """What each step does: `ok`, `fail`, `tolerated`, `skip`, `retry`, or a list for a map."""

    outcomes: Mapping[str, Any] = field(default_factory=dict)


def graph_of(needs: Mapping[str, tuple[str, ...]], **options: Any) -> Graph:
    """Build a graph of plain steps; `maps` and `lifts` name the special ones."""
    maps: Mapping[str, Mapping[str, Any]] = options.get("maps", {})
    steps = {
        name: Step(id=name, uses="t.t", map=[] if name in maps else None, **maps.get(name, {}))
        for name in needs
    }
    return build_graph(steps, needs, options.get("lifts", {}))


class Driver:
    """Answers commands one by one, in an order chosen by `rng`."""

    def __init__(self, graph: Graph, outcomes: Mapping[str, Any], rng: random.Random) -> None:
        self.scheduler = Scheduler(graph)
        self.graph = graph
        self.outcomes = outcomes
        self.rng = rng
        self.log: list[Event] = []
        self.open: list[Command] = []
        self.running: set[tuple[int, int]] = set()
        self.most = 0
        self.on_event: Callable[[Event], None] = lambda _: None

    def run(self) -> str:
        self.record(RunStarted(workflow="w"))
        return self.go_on()

    def go_on(self, steps: int = 10**6) -> str:
        while self.open and steps:
            self.answer(self.open.pop(self.rng.randrange(len(self.open))))
            steps -= 1
        return self.scheduler.finished

    def record(self, event: Event) -> None:
        self.log.append(event)
        self.on_event(event)
        self.open += self.scheduler.apply(event)

    def path(self, node: int, item: int) -> str:
        name = self.graph.nodes[node].id
        return name if item < 0 else f"{name}/{item}"

    def answer(self, command: Command) -> None:
        match command:
            case Start():
                self.start(command)
            case Skip(node, reason, because):
                path = self.path(node, -1)
                self.record(StepSkipped(path=path, reason=reason, because=because))
            case EndMap(node, status):
                self.record(MapCompleted(path=self.path(node, -1), status=status))
            case Cancel(node, item, reason):
                if not self.scheduler.status(node, item).ended:
                    self.running.discard((node, item))
                    self.record(StepCancelled(path=self.path(node, item), reason=reason))
            case SetTimer(node, item, _):
                if (node, item) in self.scheduler.timers:
                    self.record(TimerFired(path=self.path(node, item)))
            case Finish(status):
                self.record(RunCompleted(status=status))

    def start(self, start: Start) -> None:
        path = self.path(start.node, start.item)
        if self.scheduler.status(start.node, start.item).ended:
            return  # cancelled while it waited for its turn
        outcome = self.outcomes.get(path, self.outcomes.get(path.partition("/")[0], "ok"))
        if isinstance(outcome, int):
            if start.item < 0:
                self.record(MapExpanded(path=path, count=outcome))
                return
            outcome = "ok"
        if outcome == "skip":
            self.record(StepSkipped(path=path, reason="if is false"))
            return
        if (start.node, start.item) not in self.running:
            self.running.add((start.node, start.item))
            self.most = max(self.most, len(self.running))
            self.record(StepStarted(path=path, attempt=start.attempt))
            self.open.append(start)  # ends later, perhaps after others began
            return
        self.running.discard((start.node, start.item))
        if outcome == "retry" and start.attempt < 3:
            self.record(
                StepAttemptFailed(path=path, attempt=start.attempt, error=BOOM, retry_at=1.0)
            )
        elif outcome in ("fail", "tolerated"):
            tolerated = outcome == "tolerated"
            self.record(StepFailed(path=path, error=BOOM, tolerated=tolerated))
        else:
            self.record(StepCompleted(path=path))
