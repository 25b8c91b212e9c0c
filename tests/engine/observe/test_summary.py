"""What is said at the end of a run."""

import re

import msgspec
from tests.engine.observe.story import Story, failure, resumed, settlement

from ciranda.events import (
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunStarted,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from ciranda.observe.summary import summary
from ciranda.observe.timeline import fold

FAILED = """\
✗ settlement failed in 8.00 s: 2 steps ok, 1 step failed, 1 skipped, 1 from the cache  [run r1]

✗ agree: unavailable: 503 Service Unavailable
  at settlement.yaml:26
  │ round 1
  │ round 2

- publish skipped: 'agree' failed

  go on after a fix: ciranda resume r1
  all its output:    ciranda logs r1 agree
  where time went:   ciranda trace r1"""


def said(events, **options):
    return "\n".join(summary(fold(events), **options))


def test_a_failure_says_what_where_why_and_what_to_do_next():
    assert said(settlement()) == FAILED


def test_a_success_is_one_line():
    assert said(resumed()) == "✓ settlement succeeded in 1.00 s: 1 step ok  [run r1]"


def test_a_quiet_success_says_nothing_and_a_quiet_failure_everything():
    assert said(resumed(), quiet=True) == ""
    assert said(settlement(), quiet=True) == FAILED


def test_arguments_that_a_resume_needs_are_quoted():
    text = said(settlement(), resume=["-i", "token=@my file"])

    assert "ciranda resume r1 -i 'token=@my file'" in text


def test_every_command_that_goes_on_is_told_where_runs_are_kept():
    text = said(settlement(), resume=["-i", "k=v"], store=["--store", "my runs"])

    assert "ciranda resume r1 -i k=v --store 'my runs'" in text
    assert re.search(r"ciranda logs r1 \S+ --store 'my runs'", text)
    assert "ciranda trace r1 --store 'my runs'" in text


def test_the_last_output_is_shown_when_the_failure_has_none():
    events = [
        msgspec.structs.replace(event, error=failure()) if hasattr(event, "error") else event
        for event in settlement()[:-1]
    ]

    text = said(events, tails={"agree": "one\n\x1b[31mtwo\n"})

    assert "  │ one\n  │ \\x1b[31mtwo" in text


def test_a_failed_map_names_its_first_failed_items():
    story = Story().tell(RunStarted, 0).tell(MapExpanded, 0, path="m", count=8)
    for item in range(8):
        story.tell(StepStarted, 0, path=f"m/{item}")
        story.tell(StepFailed, 1, path=f"m/{item}", error=failure("refused", f"no {item}"))
    whole = failure("refused", "8 of 8 items failed; item 0: no 0")
    story.tell(MapCompleted, 1, path="m", status="failed", counts={"failed": 8}, error=whole)
    story.tell(RunCompleted, 1, status="failed", failures=["m"])

    lines = said(story.events).splitlines()

    assert "✗ m: refused: 8 of 8 items failed; item 0: no 0" in lines
    assert [line for line in lines if line.startswith("  ✗ m/")] == [
        f"  ✗ m/{item}: refused: no {item}" for item in range(5)
    ]
    assert "  … and 3 more failed items" in lines


def test_a_tolerated_failure_is_told_and_does_not_count():
    story = Story().tell(RunStarted, 0).tell(StepStarted, 0, path="a")
    story.tell(StepFailed, 1, path="a", error=failure(), tolerated=True)
    story.tell(RunCompleted, 1, status="succeeded", warnings=1)

    text = said(story.events, quiet=True)

    assert text.startswith("✓ settlement succeeded")
    assert "! a failed and is tolerated: unavailable: 503" in text
    assert "resume" not in text


def test_a_cancelled_run_says_why_and_how_to_go_on():
    story = Story().tell(RunStarted, 0).tell(StepStarted, 0, path="a")
    story.tell(RunCancelled, 1, reason="interrupted")
    story.tell(StepCompleted, 1, path="a").tell(RunCompleted, 1, status="cancelled")

    text = said(story.events)

    assert text.startswith("■ settlement cancelled in 1.00 s (interrupted): 1 step ok")
    assert "ciranda resume r1" in text


def test_a_run_whose_outputs_fail_says_so():
    story = Story().tell(RunStarted, 0)
    error = failure("invalid-output", "outputs: steps.x is unknown\nsecond line")
    story.tell(RunCompleted, 1, status="failed", error=error)

    text = said(story.events)

    assert "✗ invalid-output: outputs: steps.x is unknown\n    second line" in text


def test_nothing_in_a_run_controls_the_terminal():
    hostile = "\x1b]0;owned\x07\r\u202e\x9b2J"
    story = Story(run=hostile, workflow=hostile).tell(RunStarted, 0)
    story.tell(StepStarted, 0, path=hostile)
    error = failure(hostile, hostile, place=hostile, log=hostile)
    story.tell(StepFailed, 1, path=hostile, error=error)
    story.tell(RunCompleted, 1, status="failed")

    text = said(story.events)

    assert not {"\x1b", "\x07", "\r", "\u202e", "\x9b"} & set(text)


def test_nothing_is_said_of_nothing():
    assert summary(fold([])) == []
