"""Steps inside of steps, loops, waits and parked runs, wherever a run is shown."""

import io
import re
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st
from rich.console import Console
from tests.effort import share
from tests.engine.observe.nested import deep, parked, release, turns, wild
from tests.engine.observe.story import EPOCH, Story, failure

from ciranda.events import (
    BlockEntered,
    LoopTurned,
    RunCompleted,
    RunStarted,
    StepCompleted,
    StepFailed,
    StepStarted,
    StepWaits,
)
from ciranda.observe.board import Board
from ciranda.observe.critical import critical_path, deepened
from ciranda.observe.outline import Outline
from ciranda.observe.page import page
from ciranda.observe.progress import PlainProgress
from ciranda.observe.summary import summary
from ciranda.observe.timeline import Timeline, fold
from ciranda.observe.track import State
from ciranda.observe.visible import columns
from ciranda.observe.waterfall import plain, waterfall

RELEASE = fold(release())


def drawn(events, **options):
    return plain(waterfall(fold(events), **options))


def lines_of(events):
    stream = io.StringIO()
    shown = PlainProgress(stream, local=time.gmtime)
    for event in events:
        shown.feed(event)
    return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]


def board_of(events, at, *, width=110, height=30):
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=width, height=height, color_system=None
    )
    board = Board(stream, console=console, clock=lambda: EPOCH + at, refresh=False)
    for event in events:
        board.feed(event)
    return str(board.picture())


def test_what_is_inside_of_a_step_stands_beneath_it():
    tracks = RELEASE.segments[-1].tracks

    beneath = {path: [one.path for one in track.beneath] for path, track in tracks.items()}

    assert beneath["files"] == ["files/0", "files/1"]
    assert beneath["files/1"] == ["files/1/read", "files/1/rows"]
    assert beneath["pay"] == ["pay/charge", "pay/@catch0/tell", "pay/@compensate/refund"]
    assert tracks["@on-failure/mail"].parent == ""
    assert (tracks["poll"].turns, tracks["files/0/rows"].count) == (3, 3)


def test_a_wait_is_kept_with_who_ended_it():
    (pause,) = RELEASE.segments[-1].tracks["agree"].pauses

    assert (pause.what, pause.start, pause.end) == ("approval", EPOCH + 6.5, EPOCH + 9.5)
    assert (pause.approved, pause.by) == (True, "ana")


def test_a_step_that_is_begun_again_has_what_was_inside_in_the_last_attempt():
    segment = RELEASE.segments[-1]
    publish, push = segment.tracks["publish"], segment.tracks["publish/push"]

    assert [attempt.number for attempt in publish.attempts] == [1, 2]
    assert (push.start, push.round, push.outer) == (EPOCH + 10.5, ".0-2", "")


def test_a_failure_that_was_caught_is_forgiven():
    segment = RELEASE.segments[-1]

    assert segment.forgives(segment.tracks["pay/charge"])
    assert not segment.forgives(segment.tracks["publish/push"])


def test_a_parked_run_waits_and_goes_on_waiting_when_it_is_resumed():
    timeline = fold(parked())
    old, new = timeline.segments

    assert (old.state, old.end, old.due) == (State.WAITING, EPOCH + 1.0, EPOCH + 500.0)
    assert old.tracks["orders/0"].state is State.WAITING
    assert new.tracks["orders/0"].state is State.SUCCEEDED
    assert new.tracks["orders/1/paid"].state is State.WAITING
    assert new.tracks["orders/1/paid"].start == EPOCH + 100.0
    assert new.tracks["orders"].count == 2
    assert new.received == [(EPOCH + 100.0, "order.paid", "shop")]


def test_the_critical_path_goes_into_groups_and_passes_handlers_over():
    segment = RELEASE.segments[-1]
    path = critical_path(segment)

    assert path == ("files", "pay", "mirrors", "poll", "agree", "publish")
    assert {"publish/push", "pay/charge", "pay/@catch0/tell"} <= deepened(segment, path)


def test_the_time_of_a_coming_turn_is_not_yet_the_time_of_the_run():
    story = Story().tell(RunStarted, 0.0).tell(StepStarted, 1.0, path="a")
    story.tell(LoopTurned, 60.0, path="poll", turn=1)

    timeline = fold(story.events)

    assert timeline.last == EPOCH + 1.0
    assert "next turn in 59.0 s" in board_of(story.events, 1.0)


def test_a_waterfall_shows_what_is_inside_and_says_why():
    names = ["files", "pay", "mirrors", "poll", "agree", "publish"]
    needs = {name: (before,) for before, name in pairwise(names)}
    outline = Outline(needs=needs, races=frozenset({"mirrors"}))

    text = plain(waterfall(RELEASE, width=120, outline=outline))

    for row in (
        r"▸ ✓ files ×2 .* 2 ok\n",  # noqa: RUF001  (the sign is meant)
        r"  ✓     rows ×3 ",  # noqa: RUF001  (the sign is meant)
        r"▸ ✓ pay .* catch0\n",
        r"  ✓   @compensate/refund ",
        r"▸ ✓ mirrors .* won by near\n",
        r"  ■   far .* `near` won the race\n",
        r"▸ ✓ poll ↻3 .* 3 ok\n",
        r"▸ ✓ agree +░+ .* approved by ana\n",
        r"▸ ✗ publish .*▓+░+█+ .* 2 attempts, unavailable\n",
        r"  ✓ @on-failure/mail ",
    ):
        assert re.search(row, text), row


def test_a_page_folds_what_is_inside_and_hatches_waits():
    text = page(RELEASE, outline=Outline(races=frozenset({"mirrors"})))

    assert text.count("<details open>") == len(
        [track for track in RELEASE.segments[-1].tracks.values() if track.inner is not None]
    )
    assert 'class="bar pause"' in text
    assert "approved by ana" in text
    assert "won by near" in text
    assert text.index("<h3>publish/push</h3>") < text.index("<h3>publish</h3>")
    assert '<h3>pay/charge <span class="soft">(made up for)</span></h3>' in text


def test_the_end_of_a_run_names_the_steps_that_failed_inside():
    said = "\n".join(summary(RELEASE))

    assert "✗ publish: unavailable: 503\n  after 2 attempts\n  ✗ publish/push" in said
    assert "! pay/charge failed and is made up for: timeout: no answer" in said
    assert "5 steps ok, 1 step failed" in said


def test_the_end_of_a_parked_run_says_what_it_waits_for_and_how_to_answer():
    said = "\n".join(summary(fold(parked()[:8]), store=["--store", "s"]))

    assert said.startswith("◌ settlement waits after 1.00 s")
    assert "orders/1/paid waits for the event order.paid\n    ciranda emit order.paid --" in said
    assert "agree waits for approval: Ship?\n    ciranda approve r1 agree --store s" in said
    assert "go on with it:     ciranda resume r1 --store s" in said


def test_lines_tell_of_questions_answers_and_parking():
    lines = [*lines_of(release()), *lines_of(parked())]

    for line in (
        "pay/charge  failed  1.00 s  timeout: no answer",
        "poll  ok  2.50 s  3 turns",
        "agree  waits for approval by ana or bo: Release it?, 54.0 s left  "
        "ciranda approve r1 agree",
        "agree  approved by ana",
        "received the event order.paid from shop",
        "all that is open waits: parked, due in 8 m 19 s",
    ):
        assert line in lines
    assert not any(line.startswith(("files/", "poll/")) for line in lines)


def test_a_board_shows_open_steps_beneath_their_owners():
    events = [event for event in release() if event.at < EPOCH + 1.2]

    lines = board_of(events, 1.2).splitlines()

    names = [line.split()[1] for line in lines[1:]]
    assert names == ["files", "0", "rows", "1", "rows"]
    assert "━ 0/3" in lines[3]


def test_a_board_says_how_to_answer_and_which_turn_it_is():
    asked = [event for event in release() if event.at <= EPOCH + 6.5]
    turning = [event for event in release() if event.at <= EPOCH + 5.2]

    assert re.search(
        r"◌ agree .* waits for approval by ana or bo: Release it\?, 53\.0 s left "
        r" ciranda approve r1 agree",
        board_of(asked, 7.5),
    )
    assert re.search(r"● poll .* 2 turns", board_of(turning, 5.2))


def test_a_board_that_has_no_room_keeps_to_the_steps_of_the_run():
    story = Story().tell(RunStarted, 0.0)
    for name in "abcdef":
        story.tell(BlockEntered, 0.0, path=name, block="steps")
        story.tell(StepStarted, 0.0, path=f"{name}/inner")

    lines = board_of(story.events, 1.0, height=9).splitlines()

    assert [line.split()[1] for line in lines[1:]] == ["a", "b", "c", "d", "e", "f"]


@settings(max_examples=share(90), deadline=None)
@given(st.integers(0, 100_000), st.integers(40, 160))
def test_a_wild_run_can_be_shown_wherever_runs_are_shown(seed, width):
    events = wild(seed)
    timeline = fold(events)

    rows = plain(waterfall(timeline, width=width)).splitlines()
    text = page(timeline)

    assert all(columns(row) <= width for row in rows if "run r1" not in row)
    shown = Counter(re.findall(r'data-tip="([^:"]+):', text))
    assert shown == Counter(path for one in timeline.segments for path in one.tracks)
    assert text.count("<details") == text.count("</details>")
    assert summary(timeline)
    assert len(lines_of(events)) <= 2 * len(events)
    board_of(events[: len(events) // 2], 9.0, height=12)


@settings(max_examples=share(120), deadline=None)
@given(st.integers(0, 100_000))
def test_a_wild_run_ends_what_is_inside_before_what_is_around_it(seed):
    ended = []
    timeline = Timeline(lambda segment, track: ended.append((segment.index, track)))
    for event in wild(seed):
        timeline.apply(event)
    timeline.interrupt()

    places = {(index, id(track)): number for number, (index, track) in enumerate(ended)}
    assert len(places) == len(ended)
    for index, track in ended:
        if track is not None and track.parent:
            around = timeline.segments[index].tracks.get(track.parent)
            # Not so when the step around it was begun again.
            if around is not None and track in around.beneath:
                assert places[index, id(track)] < places[index, id(around)]
                assert around.start <= track.start


@pytest.mark.parametrize(
    ("events", "rows"), [(deep(200), 204), (turns(3000), 10)], ids=["200 deep", "3,000 turns"]
)
def test_what_is_deep_or_long_is_shown_in_good_time(events, rows):
    began = time.thread_time()
    timeline = fold(events)

    text = plain(waterfall(timeline))
    html = page(timeline)

    assert len(text.splitlines()) <= rows
    assert len(html) < 400_000
    assert time.thread_time() - began < 5.0


def test_a_loop_of_thousands_leaves_nothing_behind_where_items_are_not_kept():
    timeline = Timeline(keep_items=False)
    for event in turns(2000):
        timeline.apply(event)

    assert list(timeline.segments[-1].tracks) == ["poll"]
    assert timeline._owners == {}


def test_a_loop_that_is_begun_again_forgets_its_turns():
    story = Story().tell(RunStarted, 0.0)
    for turn in (0, 1, 0):
        story.tell(LoopTurned, 1.0, path="poll", turn=turn)
        story.tell(StepStarted, 1.0, path=f"poll/{turn}")
        story.tell(StepFailed, 1.0, path=f"poll/{turn}", error=failure())

    track = fold(story.events).segments[-1].tracks["poll"]

    assert (track.turns, [one.path for one in track.beneath]) == (1, ["poll/0"])


def test_nothing_in_a_prompt_or_a_name_controls_the_terminal():
    hostile = "\x1b]0;owned\x07\u202e"
    story = Story().tell(RunStarted, 0.0)
    story.tell(StepWaits, 0.0, path="a", what="approval", prompt=hostile, who=[hostile])
    story.tell(StepWaits, 0.0, path="b", what="event", event=hostile)
    texts = [
        drawn(story.events),
        "\n".join(summary(fold(story.events))),
        *lines_of(story.events),
        board_of(story.events, 1.0),
        page(fold(story.events)),
    ]

    assert not {"\x1b", "\x07", "\u202e"} & set("".join(texts))


def test_a_wait_that_comes_to_an_end_without_an_answer_is_over():
    story = Story().tell(RunStarted, 0.0)
    story.tell(StepWaits, 0.0, path="a", what="approval", until=EPOCH + 1)
    story.tell(StepFailed, 1.0, path="a", error=failure("timeout", "nobody answered"))
    story.tell(StepWaits, 1.0, path="b", what="sleep", until=EPOCH + 2)
    story.tell(StepCompleted, 2.0, path="b").tell(RunCompleted, 2.0, status="failed")
    segment = fold(story.events).segments[-1]

    assert [segment.tracks[name].pauses[0].end for name in "ab"] == [EPOCH + 1, EPOCH + 2]
    assert segment.tracks["a"].pause is None
