"""The fold from events to segments and tracks."""

import sys

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.observe.story import EPOCH, Story, chance, resumed, settlement

from ciranda.events import (
    Event,
    ForeignEvent,
    MapExpanded,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from ciranda.observe.critical import critical_path
from ciranda.observe.timeline import Timeline, fold
from ciranda.observe.track import State

STATES: dict[type[Event], State] = {StepCompleted: State.SUCCEEDED, StepFailed: State.FAILED}


def told(events):
    return fold(events).segments[-1]


def test_a_told_run_becomes_the_tracks_it_tells_of():
    timeline = fold(settlement())

    segment = timeline.segments[-1]
    assert (timeline.run, timeline.workflow, timeline.state) == ("r1", "settlement", "failed")
    assert {path: str(track.state) for path, track in segment.tracks.items()} == {
        "load": "succeeded",
        "verify": "succeeded",
        "verify/0": "succeeded",
        "verify/1": "succeeded",
        "verify/2": "failed",
        "agree": "failed",
        "publish": "skipped",
    }
    assert segment.duration(0) == 8.0
    assert segment.tracks["verify/0"].cached
    assert segment.tracks["verify"].counts == {"succeeded": 2, "failed": 1}
    assert segment.tracks["publish"].reason == "'agree' failed"


def test_attempts_and_the_waits_between_them_are_kept():
    track = told(settlement()).tracks["verify/1"]

    first, second = track.attempts

    assert first.error is not None
    assert (first.number, first.state, first.error.kind) == (1, State.FAILED, "timeout")
    assert (second.number, second.state, second.error) == (2, State.SUCCEEDED, None)
    assert track.waits == ((EPOCH + 2.0, EPOCH + 3.0),)


def test_a_resume_ends_what_was_open_at_the_last_event_and_begins_a_segment():
    timeline = fold(resumed())

    old, new = timeline.segments

    assert (old.state, old.end) == (State.INTERRUPTED, EPOCH + 2.0)
    assert old.tracks["verify/1"].state is State.INTERRUPTED
    assert old.tracks["verify"].state is State.INTERRUPTED
    assert (new.start, new.state) == (EPOCH + 100.0, State.SUCCEEDED)
    assert list(new.tracks) == ["verify", "verify/1"]
    assert new.tracks["verify"].count == 2


def test_a_run_that_still_goes_on_has_open_tracks_until_it_is_interrupted():
    timeline = fold(settlement()[:5])

    assert str(timeline.state) == "running"
    assert timeline.segments[-1].tracks["verify/0"].end is None
    timeline.interrupt()

    assert str(timeline.state) == "interrupted"
    assert timeline.segments[-1].end == EPOCH + 1.0
    assert all(track.end is not None for track in timeline.segments[-1].tracks.values())


def test_events_of_strangers_and_events_before_the_start_change_nothing():
    timeline = Timeline()

    timeline.apply(StepStarted(run="r1", path="load", at=EPOCH))
    timeline.apply(ForeignEvent(run="r1", seq=0, at=EPOCH, type="Odd", raw=b""))

    assert timeline.segments == []


def test_a_failure_without_a_start_is_an_attempt_of_no_length():
    story = Story().tell(RunStarted, 0.0)
    error = settlement()[-3].error
    story.tell(StepFailed, 1.0, path="load", error=error)

    (attempt,) = told(story.events).tracks["load"].attempts

    assert attempt.start == attempt.end == EPOCH + 1.0


def test_a_step_that_is_cancelled_while_it_waits_has_no_attempt_more():
    story = Story().tell(RunStarted, 0.0).tell(StepStarted, 0.0, path="load")
    error = settlement()[-3].error
    story.tell(StepAttemptFailed, 1.0, path="load", attempt=1, error=error, retry_at=EPOCH + 9)
    story.tell(StepCancelled, 2.0, path="load", reason="stopped")

    track = told(story.events).tracks["load"]

    assert [attempt.number for attempt in track.attempts] == [1]
    assert track.waits == ((EPOCH + 1.0, EPOCH + 2.0),)


@settings(max_examples=share(150), deadline=None)
@given(st.integers(0, 10_000))
def test_every_track_ends_once_within_its_parent(seed):
    ended = []
    timeline = Timeline(lambda segment, track: ended.append((segment.index, track)))
    for event in chance(seed):
        timeline.apply(event)
    timeline.interrupt()

    keys = [(index, track.path if track else None) for index, track in ended]
    assert len(keys) == len(set(keys))
    assert sorted(keys, key=str) == sorted(
        [
            (segment.index, path)
            for segment in timeline.segments
            for path in (None, *segment.tracks)
        ],
        key=str,
    )
    for index, track in ended:
        segment = timeline.segments[index]
        assert segment.end is not None
        if track is None:
            continue
        around = segment.tracks[track.parent] if track.parent else segment
        assert track.end is not None
        assert around.end is not None
        assert around.start <= track.start <= track.end <= around.end
        assert keys.index((index, track.path)) < keys.index((index, track.parent or None))


@settings(max_examples=share(100), deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_the_fold_agrees_with_the_last_word_of_each_segment(seed, data):
    events = chance(seed)
    events = events[: data.draw(st.integers(1, len(events)))]
    expected: list[dict[str, State]] = []
    for event in events:
        if type(event).__name__ in ("RunStarted", "RunResumed"):
            expected.append({})
        elif type(event) in STATES:
            expected[-1][event.path] = STATES[type(event)]

    timeline = fold(events)

    for segment, ends in zip(timeline.segments, expected, strict=True):
        for path, state in ends.items():
            assert segment.tracks[path].state is state


def test_items_that_are_not_kept_are_forgotten_when_they_end():
    timeline = Timeline(keep_items=False)
    for event in settlement():
        timeline.apply(event)

    assert list(timeline.segments[-1].tracks) == ["load", "verify", "agree", "publish"]


@pytest.mark.uncounted
def test_a_hundred_thousand_items_take_a_few_hundred_bytes_each():
    import tracemalloc

    count = 20_000
    timeline = Timeline()
    timeline.apply(RunStarted(run="r", workflow="w", at=EPOCH))
    timeline.apply(MapExpanded(run="r", path="m", count=count, at=EPOCH))
    tracemalloc.start()
    try:
        for item in range(count):
            path = f"m/{item}"
            timeline.apply(StepStarted(run="r", path=path, at=EPOCH + item))
            timeline.apply(StepCompleted(run="r", path=path, at=EPOCH + item + 0.5))
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert used / count < 600
    assert sys.getsizeof(timeline.segments[-1].tracks["m/0"]) < 200


def test_the_critical_path_follows_the_needs():
    segment = told(settlement())
    needs = {"load": (), "verify": ("load",), "agree": ("verify",), "publish": ("agree",)}

    assert critical_path(segment, needs) == ("load", "verify", "agree")
    assert critical_path(segment) == ("load", "verify", "agree")
    assert critical_path(segment, {}) == ("agree",)


@pytest.mark.parametrize("events", [[], settlement()[:1]])
def test_nothing_has_no_critical_path(events):
    timeline = fold(events)

    assert [critical_path(segment) for segment in timeline.segments] in ([], [()])
