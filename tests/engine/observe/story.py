"""Runs as lists of events: one that is told, and ones that chance tells."""

import random

from ciranda.events import (
    Event,
    Failure,
    MapCompleted,
    MapExpanded,
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

EPOCH = 1_790_000_000.0


class Story:
    """Collects the events of one run; times are seconds after its start."""

    def __init__(self, run="r1", workflow="settlement"):
        self.run = run
        self.workflow = workflow
        self.events: list[Event] = []

    def tell(self, kind, at, **fields):
        if kind is RunStarted:
            fields = {"workflow": self.workflow, "file": "settlement.yaml", "steps": 5} | fields
        seq = len(self.events)
        self.events.append(kind(run=self.run, seq=seq, at=EPOCH + at, **fields))
        return self


def failure(kind="unavailable", message="503 Service Unavailable", path="agree", **more):
    return Failure(kind=kind, message=message, step=path, path=path, **more)


def settlement():
    """Return a run with a retry, a map with a failed item, a cached, a failed, a skipped step."""
    story = Story()
    tell = story.tell
    tell(RunStarted, 0.0)
    tell(StepStarted, 0.0, path="load")
    tell(StepCompleted, 1.0, path="load", duration=1.0)
    tell(MapExpanded, 1.0, path="verify", count=3)
    for item in range(3):
        tell(StepStarted, 1.0, path=f"verify/{item}", waited={"limit": 0.25})
    tell(StepCompleted, 1.5, path="verify/0", cached=True)
    tell(
        StepAttemptFailed,
        2.0,
        path="verify/1",
        attempt=1,
        error=failure("timeout", "no answer within 1s", "verify/1"),
        retry_at=EPOCH + 3.0,
    )
    tell(StepFailed, 2.5, path="verify/2", error=failure("refused", "no", "verify/2"))
    tell(TimerFired, 3.0, path="verify/1")
    tell(StepStarted, 3.0, path="verify/1", attempt=2)
    tell(StepCompleted, 4.0, path="verify/1", attempt=2)
    counts = {"succeeded": 2, "failed": 1}
    tell(MapCompleted, 4.0, path="verify", status="succeeded", counts=counts)
    tell(StepStarted, 4.0, path="agree")
    error = failure(
        place="settlement.yaml:26",
        log="round 1\nround 2\n",
        traceback="Traceback (most recent call last):\nNoQuorum",
    )
    tell(StepFailed, 8.0, path="agree", error=error)
    tell(StepSkipped, 8.0, path="publish", reason="'agree' failed", because="agree")
    tell(RunCompleted, 8.0, status="failed", failures=["agree"])
    return story.events


def resumed():
    """Return a run that was killed in the middle of two steps and resumed."""
    story = Story()
    tell = story.tell
    tell(RunStarted, 0.0)
    tell(StepStarted, 0.0, path="load")
    tell(StepCompleted, 1.0, path="load")
    tell(MapExpanded, 1.0, path="verify", count=2)
    tell(StepStarted, 1.0, path="verify/0")
    tell(StepStarted, 1.0, path="verify/1")
    tell(StepCompleted, 2.0, path="verify/0")
    tell(RunResumed, 100.0, epoch=2)
    tell(StepStarted, 100.0, path="verify/1")
    tell(StepCompleted, 101.0, path="verify/1")
    tell(MapCompleted, 101.0, path="verify", status="succeeded", counts={"succeeded": 2})
    tell(RunCompleted, 101.0, status="succeeded")
    return story.events


def chance(seed, *, steps=6, kills=2):
    """Return the log of a run as a careless world might write it; maybe it never ends."""
    dice = random.Random(seed)
    story = Story()
    at = 0.0
    story.tell(RunStarted, at)
    waiting = [f"s{number}" for number in range(steps)]
    items: dict[str, int] = {}  # open items of each map
    running: dict[str, int] = {}
    asleep: dict[str, int] = {}
    for _ in range(120):
        at += dice.choice((0.0, 0.001, 0.5))
        moves = ["start"] * bool(waiting) + ["end", "again"] * bool(running)
        moves += ["wake"] * bool(asleep) + ["kill"] * (kills > 0 and dice.random() < 0.1)
        if not moves:
            break
        move = dice.choice(moves)
        if move == "start":
            path = waiting.pop(dice.randrange(len(waiting)))
            if "/" not in path and dice.random() < 0.3:
                count = dice.randrange(4)
                story.tell(MapExpanded, at, path=path, count=count)
                items[path] = count
                waiting += [f"{path}/{item}" for item in range(count)]
                if not count:
                    story.tell(MapCompleted, at, path=path, status="succeeded")
            elif dice.random() < 0.15:
                kind = dice.choice((StepSkipped, StepCancelled))
                story.tell(kind, at, path=path, reason="so")
                _item_ended(story, at, path, items)
            else:
                running[path] = 1
                story.tell(StepStarted, at, path=path)
        elif move == "wake":
            path = dice.choice(sorted(asleep))
            running[path] = asleep.pop(path)
            story.tell(TimerFired, at, path=path)
            story.tell(StepStarted, at, path=path, attempt=running[path])
        elif move == "kill":
            kills -= 1
            at += 50
            story.tell(RunResumed, at, epoch=9)
            waiting += list(running)
            running.clear()
        else:
            path = dice.choice(sorted(running))
            attempt = running.pop(path)
            _outcome(story, dice, at, path, attempt, move=move, asleep=asleep)
            if path not in asleep:
                _item_ended(story, at, path, items)
    if not (waiting or running or asleep) or dice.random() < 0.5:
        story.tell(RunCompleted, at + 1, status=dice.choice(("succeeded", "failed", "cancelled")))
    return story.events


def _outcome(story, dice, at, path, attempt, *, move, asleep):
    if move == "again":
        asleep[path] = attempt + 1
        story.tell(
            StepAttemptFailed,
            at,
            path=path,
            attempt=attempt,
            error=failure(path=path),
            retry_at=EPOCH + at + 1,
        )
    elif dice.random() < 0.3:
        story.tell(StepFailed, at, path=path, attempts=attempt, error=failure(path=path))
    elif dice.random() < 0.1:
        story.tell(StepCancelled, at, path=path, reason="stopped")
    else:
        cached = dice.random() < 0.2
        story.tell(StepCompleted, at, path=path, attempt=attempt, cached=cached)


def _item_ended(story, at, path, items):
    name = path.partition("/")[0]
    if name != path:
        items[name] -= 1
        if not items[name]:
            story.tell(MapCompleted, at, path=name, status="succeeded", counts={"succeeded": 1})
