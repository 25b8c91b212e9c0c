"""Log lines bound to run, step and trace."""

import io
import json

import pytest
from tests.engine.observe.story import resumed, settlement

from ciranda.errors import SettingsError
from ciranda.events import RunResumed, StepLogged
from ciranda.observe.identity import Identity
from ciranda.observe.logs import LogLines, log_level


def lines_of(events, primed=0, **options):
    stream = io.StringIO()
    lines = LogLines(stream, json=True, **options)
    lines.prime(events[:primed])
    for event in events[primed:]:
        lines.feed(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_names_its_run_step_and_span():
    first, *_, last = lines_of(settlement(), level="debug")
    identity = Identity("r1")
    retried = [line for line in lines_of(settlement()) if line.get("step") == "verify/1"]

    assert first["event"] == "run started"
    assert (last["event"], last["level"], last["status"]) == ("run completed", "error", "failed")
    assert {line["trace_id"] for line in retried} == {f"{identity.trace:032x}"}
    assert [line["span_id"] for line in retried] == [
        f"{identity.span('verify/1', 1):016x}",
        f"{identity.span('verify/1', 2):016x}",
    ]


def test_lines_of_a_resumed_run_belong_to_the_new_trace():
    events = resumed()
    kill = next(at for at, event in enumerate(events) if isinstance(event, RunResumed))

    traces = {line["trace_id"] for line in lines_of(events, primed=kill)}

    assert traces == {f"{Identity('r1', 1).trace:032x}"}


def test_a_step_log_keeps_its_level_and_fields_but_not_the_bound_ones():
    said = StepLogged(
        run="r1",
        path="load",
        level="warning",
        text="odd row",
        fields={"row": "7", "run": "other", "event": "x", "self": "y", "level": "z"},
    )

    (line,) = lines_of([said])

    assert (line["event"], line["level"], line["run"], line["row"]) == (
        "odd row",
        "warning",
        "r1",
        "7",
    )
    assert (line["run_"], line["event_"], line["self_"], line["level_"]) == ("other", "x", "y", "z")


@pytest.mark.parametrize(
    ("level", "words"),
    [("error", {"step failed", "run completed"}), ("critical", set())],
)
def test_lines_below_the_level_are_not_written(level, words):
    assert {line["event"] for line in lines_of(settlement(), level=level)} == words


def test_lines_for_people_cannot_control_their_terminal():
    stream = io.StringIO()
    said = StepLogged(run="r1", path="a", level="info", text="\x1b[31mred\n", fields={"\x07": "\r"})

    LogLines(stream).feed(said)

    assert "\\x1b[31mred" in stream.getvalue()
    assert not {"\x1b", "\x07", "\r"} & set(stream.getvalue())


def test_the_environment_asks_for_a_level():
    assert log_level({}) is None
    assert log_level({"CIRANDA_LOG": "off"}) is None
    assert log_level({"CIRANDA_LOG": "DEBUG"}) == "debug"


def test_a_level_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="CIRANDA_LOG=loud is no level: write debug, info"):
        log_level({"CIRANDA_LOG": "loud"})
