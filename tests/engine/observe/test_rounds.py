"""Steps in later attempts of what is around them: they know the span that the log tells of."""

import io
import json
from collections import Counter
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

import ciranda
from ciranda import StepError
from ciranda.events import BlockEntered, Event, RunStarted, StepStarted
from ciranda.observe.identity import Identity, parse_traceparent
from ciranda.observe.logs import LogLines
from ciranda.observe.rounds import Rounds
from ciranda.observe.spans import Spans
from ciranda.observe.timeline import Timeline
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
name: again
steps:
  outer:
    retry: {attempts: 3, backoff: 1s}
    steps:
      tell: {uses: my.tell, compensate: {undo: {uses: my.tell}}}
      sub:
        needs: [tell]
        uses: ./part.yaml
      inner:
        needs: [sub]
        map: ${{ [1, 2] }}
        retry: {attempts: 2, backoff: 1s}
        steps:
          peek: {uses: my.tell}
          turns:
            while: ${{ loop.index < 2 }}
            uses: my.tell
          fails:
            needs: [peek, turns]
            uses: my.fails
            retry: {attempts: 2, backoff: 1s}
            on-failure: {report: {uses: my.tell}}
      tried:
        needs: [inner]
        try: {bad: {uses: my.bad}}
        catch: [{steps: {caught: {uses: my.tell}}}]
        finally: {last: {uses: my.tell}}
  after: {uses: my.bad, needs: [outer]}
"""
PART = """
ciranda: 1
name: part
steps: {told: {uses: my.tell}}
"""


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


def spans_of(events):
    spans, found = Spans(), list[ReadableSpan]()
    timeline = Timeline(
        lambda segment, track: found.extend(spans.of(timeline, segment, track)), keep_items=False
    )
    for event in events:
        timeline.apply(event)
    timeline.interrupt()
    return found


async def test_what_a_step_is_told_is_the_span_of_its_attempt_in_every_round(tmp_path):
    told: list[tuple[str, int, Any]] = []
    calls = Counter[str]()

    @ciranda.action("my.tell")
    async def tell(ctx: ciranda.Context) -> None:
        told.append((ctx.path, ctx.attempt, ctx.traceparent))

    @ciranda.action("my.fails")
    async def fails(ctx: ciranda.Context) -> None:
        calls[ctx.path] += 1
        if calls[ctx.path] <= 6:  # of both in the first attempt, of one in the second
            raise StepError("unavailable", "not yet")

    @ciranda.action("my.bad")
    async def bad() -> None:
        raise StepError("bad", "never")

    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "part.yaml").write_text(PART)
    mocks = {"my.tell": tell, "my.fails": fails, "my.bad": bad}
    async with harness(mocks=mocks) as h:
        result = await h.run(tmp_path / "flow.yaml")
        spans = spans_of(h.events(Event, result.run_id))

    assert result.status == "failed"
    by_id = {span.context.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    seen = set()
    for path, attempt, traceparent in told:
        named = parse_traceparent(traceparent)
        assert named is not None
        trace, number = named
        span = by_id[number]
        assert (trace, span.name) == (span.context.trace_id, f"attempt {attempt}")
        assert span.attributes["ciranda.step.path"] == path
        seen.add(span.context.span_id)
    assert len(seen) == len(told)
    kinds = {path for path, _, _ in told}
    assert "outer/inner/0/peek" in kinds
    assert "outer/inner/1/turns/1" in kinds
    assert "outer/inner/0/fails/@on-failure/report" in kinds
    assert "outer/tell/@compensate/undo" in kinds
    assert "outer/sub/told" in kinds
    assert {"outer/tried/@catch0/caught", "outer/tried/@finally/last"} <= kinds
    assert len([path for path, _, _ in told if path == "outer/tell"]) > 1


def test_log_lines_name_the_span_of_their_round():
    stream = io.StringIO()
    lines = LogLines(stream, json=True, level="debug")

    lines.prime([RunStarted(run="r1", workflow="w")])
    lines.prime([BlockEntered(run="r1", path="a", block="steps", attempt=2)])
    lines.feed(StepStarted(run="r1", path="a/b"))
    lines.feed(BlockEntered(run="r1", path="a", block="steps", attempt=3))
    lines.feed(StepStarted(run="r1", path="a/b"))

    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["span_id"] for line in told if line["step"] == "a/b"] == [
        f"{Identity('r1').span('a/b', 1, round_):016x}" for round_ in (".0-2", ".0-3")
    ]


def test_a_round_names_the_attempts_of_all_that_is_around_a_step():
    rounds = Rounds()

    rounds.apply(BlockEntered(path="a", block="steps", attempt=3))
    rounds.apply(BlockEntered(path="a/b/4", block="case0", attempt=2))
    rounds.apply(BlockEntered(path="a", block="finally"))

    assert rounds.of("a") == ""
    assert rounds.of("a/b/4") == ".0-3"
    assert rounds.of("a/b/4/c") == ".0-3.2-2"
    assert rounds.of("a/b/4/@on-failure/c") == ".0-3"

    rounds.apply(BlockEntered(path="a/b/4", block="case1"))

    assert rounds.of("a/b/4/c") == ".0-3"
