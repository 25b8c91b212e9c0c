"""Drives the pure scheduler through a tree of steps: blocks, loops, waits and handlers as well."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from typing import Any

from tests.engine.runs.driver import Driver
from tests.engine.runs.trees import Spec, Tree

from ciranda.events import (
    BlockEntered,
    Event,
    Failure,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.runs.commands import (
    Cancel,
    Command,
    EndMap,
    Enter,
    Expire,
    Leave,
    Offer,
    SetTimer,
    Start,
    Turn,
)
from ciranda.runs.frame import is_main
from ciranda.runs.status import CANCELLED, FAILED, READY

Key = tuple[int, int]

ENDS = (StepCompleted, StepFailed, StepSkipped, StepCancelled, MapCompleted)


def specs_of(tree: Tree) -> dict[str, Spec]:
    """Return the steps by name, which is theirs alone in the whole tree."""
    from tests.engine.runs.trees import every

    found = {spec.name: spec for spec in every(tree.steps)}
    for block in tree.handlers.values():
        found |= {spec.name: spec for spec in every(block)}
    return found


OPENS = (LoopTurned, MapExpanded)


class Nested(Driver):
    """Answers what the scheduler asks for about a tree, in an order chosen by `rng`.

    As in a runner, facts are queued: what is known when one is told may have changed before it is
    applied.

    Attributes:
        begun: What is under way, and whether its end is told already.
        late: What began although it was stopped.
        final: The last end of each path.
    """

    def __init__(self, tree: Tree, rng: random.Random) -> None:
        super().__init__(tree.graph(), {}, rng)
        self.tree = tree
        self.specs = specs_of(tree)
        self.queue: deque[Event] = deque()
        self.begun: dict[Key, bool] = {}
        self.reasons: dict[Key, str] = {}
        self.final: dict[str, str] = {}
        self.late: list[str] = []

    def crash(self) -> None:
        """Forget all that the log does not tell."""
        self.open.clear()
        self.queue.clear()
        self.begun.clear()
        self.reasons.clear()

    def replay(self, events: Iterable[Event]) -> None:
        """Fold what an earlier process told."""
        for event in events:
            self.log.append(event)
            self.scheduler.apply(event)
            self.note(event)
        self.crash()

    def record(self, event: Event) -> None:
        self.queue.append(event)

    def go_on(self, steps: int = 10**6) -> str:
        while (self.open or self.queue) and steps:
            steps -= 1
            if self.queue and (not self.open or self.rng.random() < 0.6):
                self.absorb(self.queue.popleft())
            else:
                self.answer(self.open.pop(self.rng.randrange(len(self.open))))
        return self.scheduler.finished

    def absorb(self, event: Event) -> None:
        """Apply a fact; do at once what does not take time."""
        self.watch(event)
        self.log.append(event)
        heeded = self.scheduler.graph.heeds_starts or not isinstance(event, StepStarted)
        commands = self.scheduler.apply(event) if heeded else []
        self.note(event)
        for command in commands:
            if isinstance(command, Start | SetTimer):
                self.open.append(command)
            else:
                self.answer(command)

    def note(self, event: Event) -> None:
        self.scheduler.released.clear()
        path = getattr(event, "path", "")
        if not path or isinstance(event, StepStarted):
            return
        key = self.scheduler.find(path)
        if isinstance(event, ENDS):
            self.final[path] = word_of(event)
        if isinstance(event, (*ENDS, StepAttemptFailed, StepWaits, BlockEntered, *OPENS)):
            self.begun.pop(key, None)
            reason = self.reasons.pop(key, None)
            if reason is not None and isinstance(event, StepAttemptFailed | StepWaits):
                self.cancelled(key, reason)

    def watch(self, event: Event) -> None:
        """See to it that an event may happen now."""
        state, path = self.scheduler, getattr(event, "path", "")
        if isinstance(event, ENDS):
            assert not state.status(*state.find(path)).ended, f"'{path}' ends twice"
        begins = isinstance(event, StepStarted | StepWaits | MapExpanded) or (
            isinstance(event, BlockEntered) and is_main(event.block)
        )
        if begins and path:
            node, _ = state.find(path)
            base = state.frames[node].base
            needs = [state.statuses[base + need] for need in state.nodes[node].needs]
            assert all(status.ended for status in needs), f"'{path}' began too early"

    def path(self, node: int, item: int) -> str:
        return self.scheduler.path(node, item)

    def spec(self, node: int) -> Spec:
        return self.specs[self.scheduler.nodes[node].id]

    def answer(self, command: Command) -> None:
        match command:
            case Enter(node, item, block):
                self.record(BlockEntered(path=self.path(node, item), block=block))
            case Leave(node, item, status):
                self.leave(node, item, status)
            case Turn(node, turn):
                self.turn(node, turn)
            case Expire(node, item):
                if (node, item) in self.scheduler.waits and (node, item) not in self.begun:
                    self.begun[node, item] = False
                    attempt = self.scheduler.attempt(node, item)
                    self.end(node, item, self.path(node, item), attempt)
            case Cancel(node, item, reason):
                if (node, item) in self.begun:
                    self.reasons[node, item] = reason
                else:
                    self.cancelled((node, item), reason)
            case EndMap(node, status):
                error = Failure(kind=self.tree.kind, message="items failed")
                path = self.path(node, -1)
                failed = error if status == "failed" else None
                self.record(MapCompleted(path=path, status=status, error=failed))
            case Offer():
                pass  # nothing is sent to these runs
            case _:
                super().answer(command)

    def cancelled(self, key: Key, reason: str) -> None:
        self.begun[key] = False
        self.record(StepCancelled(path=self.path(*key), reason=reason))

    def start(self, start: Start) -> None:
        node, item = start.node, start.item
        key, path, spec = (node, item), self.path(node, item), self.spec(node)
        if self.begun.get(key):  # an action that was begun comes to its end
            self.begun[key] = False
            if key in self.reasons and self.rng.random() < 0.8:
                self.cancelled(key, self.reasons.pop(key))
            else:
                self.end(node, item, path, start.attempt)
            return
        status = self.scheduler.statuses[node] if item < 0 else self.scheduler.item(node, item)
        if key in self.begun or status != READY:
            return  # cancelled while it waited for its turn
        frame = self.scheduler.frames[node]
        if frame.stop and self.scheduler.nodes[node].lifts is not True:
            self.late.append(path)
        self.begun[key] = False
        skipped = self.tree.outcome(path, start.attempt) == "skip" and start.attempt == 1
        if spec.repeat and item < 0:
            self.repeat(spec, path)
        elif skipped and (item < 0 or spec.repeat == "map"):
            self.record(StepSkipped(path=path, reason="it is false"))
        elif spec.body == "action":
            self.begun[key] = True
            self.record(StepStarted(path=path, attempt=start.attempt))
            self.open.append(start)
        else:
            self.record(self.first(spec, path, start.attempt))

    def first(self, spec: Spec, path: str, attempt: int) -> Event:
        """Return what a step comes to that calls no action."""
        match spec.body:
            case "switch" if spec.case < 0:
                return StepSkipped(path=path, reason="no case holds")
            case "switch":
                return BlockEntered(path=path, block=f"case{spec.case}", attempt=attempt)
            case "group":
                return BlockEntered(path=path, block="steps", attempt=attempt)
            case "try":
                return BlockEntered(path=path, block="try", attempt=attempt)
            case "wait":
                return StepWaits(path=path, what="sleep", until=1.0)
            case _:
                return StepCompleted(path=path)

    def repeat(self, spec: Spec, path: str) -> None:
        if self.tree.outcome(path, 1) == "skip":
            self.record(StepSkipped(path=path, reason="if is false"))
        elif spec.repeat == "map":
            self.record(MapExpanded(path=path, count=spec.count))
        elif spec.count:
            self.record(LoopTurned(path=path, turn=0))
        else:
            self.record(StepCompleted(path=path))

    def end(self, node: int, item: int, path: str, attempt: int) -> None:
        """Record what an action or a wait comes to."""
        if self.tree.outcome(path, attempt) == "fail" and self.spec(node).body != "succeed":
            self.fail(node, path, attempt, self.tree.kind)
        else:
            self.record(StepCompleted(path=path, attempt=attempt))

    def fail(self, node: int, path: str, attempt: int, kind: str) -> None:
        error = Failure(kind=kind, message="it fails", path=path)
        if attempt == 1 and self.tree.retries(path):
            self.record(StepAttemptFailed(path=path, attempt=1, error=error, retry_at=1.0))
        else:
            tolerated = self.spec(node).tolerated
            self.record(StepFailed(path=path, error=error, attempts=attempt, tolerated=tolerated))

    def leave(self, node: int, item: int, status: Any) -> None:
        path, attempt = self.path(node, item), self.scheduler.attempt(node, item)
        if status is CANCELLED:
            self.record(StepCancelled(path=path, reason="it was stopped"))
        elif status is FAILED:
            self.fail(node, path, attempt, self.tree.kind)
        else:
            self.record(StepCompleted(path=path, attempt=attempt))

    def turn(self, node: int, turn: int) -> None:
        spec, path, items = self.spec(node), self.path(node, -1), self.scheduler.items[node]
        if items.failed:
            error = Failure(kind=self.tree.kind, message="a turn failed", path=path)
            self.record(StepFailed(path=path, error=error, tolerated=spec.tolerated))
        elif items.stopped:
            self.record(StepCancelled(path=path, reason=items.stopped))
        elif turn + 1 >= spec.count:
            self.record(StepCompleted(path=path))
        else:
            due = 1.0 if turn % 2 else 0.0
            self.record(LoopTurned(path=path, turn=turn + 1, due=due))


def word_of(event: Event) -> str:
    """Return the status that an event ends a step with."""
    if isinstance(event, MapCompleted):
        return event.status
    return {
        StepCompleted: "succeeded",
        StepFailed: "failed",
        StepSkipped: "skipped",
        StepCancelled: "cancelled",
    }[type(event)]
