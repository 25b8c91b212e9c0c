"""Runs with steps inside of steps: one that is told, and ones that chance tells."""

import random

from tests.engine.observe.story import EPOCH, Story, failure

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    EventReceived,
    EventTaken,
    LoopTurned,
    MapCompleted,
    MapExpanded,
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
)


def release():
    """Return a run with every kind of step that holds others or waits."""
    story = Story(workflow="release")
    tell = story.tell

    def step(path, start, end, **more):
        tell(StepStarted, start, path=path)
        tell(StepCompleted, end, path=path, duration=end - start, **more)

    tell(RunStarted, 0.0, file="release.yaml", steps=6)
    tell(MapExpanded, 0.0, path="files", count=2)
    for item in range(2):
        tell(BlockEntered, 0.0, path=f"files/{item}", block="steps")
        step(f"files/{item}/read", 0.0, 1.0)
        tell(MapExpanded, 1.0, path=f"files/{item}/rows", count=3)
        for row in range(3):
            step(f"files/{item}/rows/{row}", 1.0, 1.5 + row / 4)
        counts = {"succeeded": 3}
        tell(MapCompleted, 2.0, path=f"files/{item}/rows", status="succeeded", counts=counts)
        tell(StepCompleted, 2.0, path=f"files/{item}", duration=2.0)
    tell(MapCompleted, 2.0, path="files", status="succeeded", counts={"succeeded": 2})
    tell(BlockEntered, 2.0, path="pay", block="try")
    tell(StepStarted, 2.0, path="pay/charge")
    error = failure("timeout", "no answer", "pay/charge", place="release.yaml:12")
    tell(StepFailed, 3.0, path="pay/charge", error=error)
    tell(BlockEntered, 3.0, path="pay", block="catch0", names={"error": {}})
    step("pay/@catch0/tell", 3.0, 3.5)
    tell(StepCompleted, 3.5, path="pay")
    tell(BlockEntered, 3.5, path="mirrors", block="steps")
    tell(StepStarted, 3.5, path="mirrors/near")
    tell(StepStarted, 3.5, path="mirrors/far")
    tell(StepCompleted, 4.0, path="mirrors/near")
    tell(StepCancelled, 4.0, path="mirrors/far", reason="`near` won the race")
    tell(StepCompleted, 4.0, path="mirrors", output={"winner": "near", "value": 1})
    for turn in range(3):
        tell(LoopTurned, 4.0 + turn, path="poll", turn=turn)
        step(f"poll/{turn}", 4.0 + turn, 4.5 + turn)
    tell(StepCompleted, 6.5, path="poll", output=3)
    tell(
        StepWaits,
        6.5,
        path="agree",
        what="approval",
        prompt="Release it?",
        form={"why": {"type": "string"}},
        who=["ana", "bo"],
        until=EPOCH + 60.5,
    )
    tell(ApprovalGiven, 9.5, path="agree", approved=True, by="ana", form={"why": "hidden-form"})
    tell(StepCompleted, 9.5, path="agree")
    tell(BlockEntered, 9.5, path="publish", block="steps", attempt=1)
    tell(StepStarted, 9.5, path="publish/push")
    error = failure("unavailable", "503", "publish/push")
    tell(StepFailed, 10.0, path="publish/push", error=error)
    tell(StepAttemptFailed, 10.0, path="publish", attempt=1, error=error, retry_at=EPOCH + 10.5)
    tell(BlockEntered, 10.5, path="publish", block="steps", attempt=2)
    tell(StepStarted, 10.5, path="publish/push")
    tell(StepFailed, 11.0, path="publish/push", error=error)
    tell(StepFailed, 11.0, path="publish", error=error, attempts=2)
    tell(BlockEntered, 11.0, path="pay", block="compensate")
    step("pay/@compensate/refund", 11.0, 11.5)
    tell(BlockEntered, 11.5, path="", block="on-failure")
    step("@on-failure/mail", 11.5, 12.0)
    tell(RunCompleted, 12.0, status="failed", failures=["publish"])
    return story.events


def parked():
    """Return a run that was parked while an item and a step waited, and went on later."""
    story = Story()
    tell = story.tell
    tell(RunStarted, 0.0)
    tell(MapExpanded, 0.0, path="orders", count=2)
    for item in range(2):
        tell(BlockEntered, 0.0, path=f"orders/{item}", block="steps")
        path = f"orders/{item}/paid"
        tell(StepWaits, 0.0, path=path, what="event", event="order.paid")
    tell(StepWaits, 0.0, path="agree", what="approval", prompt="Ship?", until=EPOCH + 500.0)
    tell(RunParked, 1.0, due=EPOCH + 500.0)
    tell(RunResumed, 100.0, epoch=2)
    tell(EventReceived, 100.0, id="e1", event="order.paid", data={"card": "4111"}, source="shop")
    tell(EventTaken, 100.5, path="orders/0/paid", id="e1")
    tell(StepCompleted, 100.5, path="orders/0/paid")
    tell(StepCompleted, 100.5, path="orders/0")
    return story.events


def wild(seed, *, most=60, depth=6):
    """Return the log of a run whose steps hold steps, items and turns at random."""
    world = Wild(random.Random(seed), most, depth)
    for number in range(4):
        world.step(f"s{number}", 0)
    world.block("", "finally", 0)
    if world.dice.random() < 0.7:
        status = world.dice.choice(("succeeded", "failed", "cancelled"))
        world.tell(RunCompleted, status=status)
    return world.story.events


class Wild:
    """Tells of steps, as the log of a careless world might."""

    def __init__(self, dice, most, depth):
        self.dice = dice
        self.left = most
        self.depth = depth
        self.at = 0.0
        self.story = Story().tell(RunStarted, 0.0)

    def tell(self, kind, *, later=0.0, **fields):
        self.at += self.dice.choice((0.0, 0.001, 0.25))
        self.story.tell(kind, self.at + later, **fields)

    def end(self, path, kind):
        if kind is StepFailed:
            self.tell(StepFailed, path=path, error=failure(path=path))
        elif kind is StepCompleted:
            self.tell(StepCompleted, path=path, output={"winner": "a"})
        else:
            self.tell(kind, path=path, reason="so")

    def block(self, path, name, level):
        prefix = path if name in ("steps", "try", "case1") else f"{path}/@{name}".lstrip("/")
        attempts = self.dice.choice((1, 1, 1, 2)) if name == "steps" else 1
        for attempt in range(1, attempts + 1):
            self.tell(BlockEntered, path=path, block=name, attempt=attempt)
            for number in range(self.dice.randrange(1, 3)):
                self.step(f"{prefix}/s{number}", level + 1)
            if attempt < attempts:
                again = {"error": failure(path=path), "retry_at": EPOCH + self.at}
                self.tell(StepAttemptFailed, path=path, attempt=attempt, **again)

    def step(self, path, level):
        self.left -= 1
        kinds = ("run", "run", "wait", "skip", "group", "map", "loop", "try", "stop")
        kind = self.dice.choice(kinds) if level < self.depth and self.left > 0 else "run"
        if kind == "skip":
            self.end(path, self.dice.choice((StepSkipped, StepCancelled)))
            return
        if kind == "wait":
            self.tell(StepWaits, path=path, what=self.dice.choice(("sleep", "event")))
        elif kind == "group":
            self.block(path, self.dice.choice(("steps", "case1")), level)
        elif kind == "try":
            self.block(path, "try", level)
            self.block(path, "catch0", level)
        elif kind in ("map", "loop"):
            self.repeat(path, kind, level)
        else:
            if kind == "stop":
                self.tell(RunParked)
                self.at += 5
                self.tell(RunResumed, epoch=2)
            self.tell(StepStarted, path=path)
        if kind == "map":
            self.tell(MapCompleted, path=path, status="succeeded")
        else:
            self.end(path, self.dice.choice((StepCompleted, StepCompleted, StepFailed)))

    def repeat(self, path, kind, level):
        times = self.dice.randrange(1, 4)
        if kind == "map":
            self.tell(MapExpanded, path=path, count=times)
        for turn in range(times):
            if kind == "loop":
                self.tell(LoopTurned, later=self.dice.choice((0, 3)), path=path, turn=turn)
            if self.dice.random() < 0.5:
                self.tell(StepStarted, path=f"{path}/{turn}")
            else:
                self.block(f"{path}/{turn}", "steps", level)
            self.end(f"{path}/{turn}", self.dice.choice((StepCompleted, StepFailed)))


def deep(levels):
    """Return a run of one step inside of `levels` others."""
    story = Story().tell(RunStarted, 0.0)
    path = "a"
    for level in range(levels):
        story.tell(BlockEntered, level / 100, path=path, block="steps")
        path += "/a"
    story.tell(StepStarted, levels / 100, path=path)
    while path:
        story.tell(StepCompleted, levels / 100 + 1, path=path)
        path = path[:-2]
    return story.tell(RunCompleted, levels / 100 + 1, status="succeeded").events


def turns(count):
    """Return a run of one loop whose turns have a step each."""
    story = Story().tell(RunStarted, 0.0)
    for turn in range(count):
        story.tell(LoopTurned, turn, path="poll", turn=turn)
        story.tell(BlockEntered, turn, path=f"poll/{turn}", block="steps")
        story.tell(StepStarted, turn, path=f"poll/{turn}/ask")
        story.tell(StepCompleted, turn + 0.5, path=f"poll/{turn}/ask")
        story.tell(StepCompleted, turn + 0.5, path=f"poll/{turn}")
    story.tell(StepCompleted, count, path="poll")
    return story.tell(RunCompleted, count, status="succeeded").events
