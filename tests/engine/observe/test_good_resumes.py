"""What is told of a run that failed or was lost, was resumed, and succeeded."""

import random
from itertools import product

import msgspec
import pytest
from tests.effort import share
from tests.engine.runs.nested import Nested
from tests.engine.runs.trees import Planter, Tree

from ciranda.cli.review import Review
from ciranda.events import (
    BlockEntered,
    Failure,
    MapCompleted,
    MapExpanded,
    RunCompleted,
    RunResumed,
    RunStarted,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from ciranda.observe.summary import summary
from ciranda.observe.timeline import Timeline
from ciranda.observe.track import State
from ciranda.store import RunRow


class Mended(Tree):
    """The same tree, in which nothing fails any more."""

    def outcome(self, path, attempt):
        was = super().outcome(path, attempt)
        return "ok" if was == "fail" else was


def good_resumes(count):
    """Yield the log of runs that ended well at last, where it was cut, and how its steps ended."""
    for seed, size in product(range(count), range(1, 12)):
        tree = Planter(random.Random(f"{seed} {size}"), size, races=True).tree()
        order = random.Random(f"order {seed} {size}")
        first = Nested(tree, order)
        first.absorb(RunStarted(workflow="w"))
        if first.go_on(order.choice((10**6, order.randrange(1, 30)))) == "succeeded":
            continue
        again = Nested(Mended(tree.steps, tree.handlers, tree.seed), order)
        again.replay([*first.log])
        again.absorb(RunResumed(epoch=2))
        if again.go_on() == "succeeded":
            log = [
                msgspec.structs.replace(event, run="r1", seq=seq, at=1e9 + seq / 100)
                for seq, event in enumerate(again.log)
            ]
            yield log, len(first.log), again.final


@pytest.mark.uncounted
def test_a_good_resume_tells_of_no_failure_and_of_every_step_as_it_ended():
    seen = 0

    for log, cut, final in good_resumes(share(20)):
        timeline = Timeline(keep_items=False)
        timeline.prime(log[:cut])
        for event in log[cut:]:
            timeline.apply(event)
        head, *rest = summary(timeline)
        segment = timeline.segment
        tracks = {} if segment is None else segment.tracks
        seen += 1

        assert "interrupted" not in head
        assert not any(line.startswith("✗") for line in rest)
        for path, track in tracks.items():
            assert final.get(path, track.state.value) == track.state.value, path

    assert seen > share(20)


def lost_in_a_handler():
    """Return a run whose process was lost while it cleaned up after a tolerated failure."""
    error = Failure(kind="boom", message="it fails", path="a")
    events = [
        RunStarted(workflow="w", steps=2),
        StepStarted(path="a"),
        StepFailed(path="a", error=error, tolerated=True),
        BlockEntered(path="a", block="on-failure"),
        StepStarted(path="a/@on-failure/tell"),
        RunResumed(epoch=2),
        StepStarted(path="a/@on-failure/tell"),
        StepCompleted(path="a/@on-failure/tell"),
        RunCompleted(status="succeeded", warnings=1),
    ]
    return [
        msgspec.structs.replace(event, run="r1", seq=seq, at=1e9 + seq)
        for seq, event in enumerate(events)
    ]


def test_a_step_whose_handler_goes_on_after_a_resume_ended_as_it_had_ended():
    ended = []
    timeline = Timeline(lambda segment, track: ended.append((segment.index, track)))
    for event in lost_in_a_handler():
        timeline.apply(event)

    segment = timeline.segment
    assert segment is not None
    track = segment.tracks["a"]
    assert (track.state, track.tolerated, track.duration(0.0)) == (State.FAILED, True, 0.0)
    assert segment.tracks["a/@on-failure/tell"].parent == "a"
    assert (1, track) in ended
    assert "interrupted" not in summary(timeline)[0]


def test_what_holds_steps_took_the_time_since_it_was_begun_again():
    error = Failure(kind="boom", message="it fails")
    events = [
        RunStarted(workflow="w"),
        BlockEntered(path="a", block="steps"),
        StepStarted(path="a/b"),
        StepFailed(path="a/b", error=error),
        StepFailed(path="a", error=error),
        MapExpanded(path="m", count=1),
        StepStarted(path="m/0"),
        StepFailed(path="m/0", error=error),
        MapCompleted(path="m", status="failed", error=error, duration=2.0),
        RunCompleted(status="failed", failures=["a", "m"]),
        RunResumed(epoch=2),
        StepStarted(path="a/b"),
        StepStarted(path="m/0"),
        StepCompleted(path="a/b", duration=2.0),
        StepCompleted(path="m/0", duration=2.0),
        StepCompleted(path="a"),
        MapCompleted(path="m", status="succeeded"),
    ]
    seen = Review(RunRow(id="r1", name="w", file="", status="running", created=1e9, source=""))

    for at, event in enumerate(events):
        seen.apply(msgspec.structs.replace(event, at=1e9 + at))

    assert {name: view["duration"] for name, view in seen.steps.items()} == {"a": 4.0, "m": 4.0}
