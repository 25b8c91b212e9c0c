"""What is tried and caught, and what comes finally: through the whole engine."""

import pytest
from tests.engine.runs.acts import Acts, cancelled, ends, flow, outcome
from tests.engine.runs.trees import Spec, Tree

from ciranda.events import (
    BlockEntered,
    Failure,
    RunStarted,
    StepCancelled,
    StepFailed,
    TimerFired,
)
from ciranda.runs.commands import Cancel, Enter, Leave, Start
from ciranda.runs.scheduler import Scheduler
from ciranda.runs.status import Status

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

TRY = """
  t:
    try:
      a: {uses: t.do, with: {v: a, s: 1, fail: '${{ inputs.kind }}'}}
      b: {uses: t.do, with: {v: b}, needs: a}
    catch:
      - on: [t.boom, timeout]
        as: problem
        steps:
          c: {uses: t.do, with: {v: '${{ problem.kind }}', fail: '${{ inputs.worse }}'}}
      - on: [t.crash]
        steps:
          d: {uses: t.do, with: {v: '${{ error.message }}'}}
    finally:
      f: {uses: t.do, with: {v: f, fail: '${{ inputs.worst }}'}}
    outputs: {b: '${{ steps.b.output ?? null }}'}
  after: {uses: t.do, with: {v: after}, needs: t}
"""
INPUTS = """
inputs:
  kind: {type: string, default: ''}
  worse: {type: string, default: ''}
  worst: {type: string, default: ''}
"""


@pytest.mark.parametrize(
    ("inputs", "status", "done", "kind"),
    [
        ({}, "succeeded", ["a", "b", "f", "after"], None),
        ({"kind": "t.boom.x"}, "succeeded", ["t.boom.x", "f", "after"], None),
        ({"kind": "t.crash"}, "succeeded", ["a is broken", "f", "after"], None),
        ({"kind": "t.other"}, "failed", ["f"], "t.other"),
        ({"kind": "t.boom", "worse": "t.ouch"}, "failed", ["f"], "t.ouch"),
        ({"worst": "t.late"}, "failed", ["a", "b"], "t.late"),
        ({"kind": "t.boom", "worst": "t.late"}, "failed", ["t.boom"], "t.late"),
    ],
    ids=["good", "caught", "by another", "by none", "catch fails", "finally fails", "all fails"],
)
async def test_what_fails_is_caught_by_kind_and_finally_comes_always(inputs, status, done, kind):
    result, found, acts = await outcome(TRY, INPUTS, **inputs)

    assert result.status == status
    assert acts.done == done
    error = result.steps["t"]["error"]
    assert (error and error["kind"]) == kind
    assert found["after"] == ("succeeded" if status == "succeeded" else "skipped")
    if status == "succeeded":
        assert result.steps["t"]["output"] == {"b": None if inputs else "b"}
    assert {"t/@catch0/c", "t/@catch1/d", "t/@finally/f"} & found.keys()


async def test_finally_comes_when_the_run_is_cancelled_too():
    acts = Acts()
    text = flow("""
  t:
    try:
      a: {uses: t.do, with: {v: a, s: 100}}
    catch:
      - {steps: {c: {uses: t.do, with: {v: c}}}}
    finally:
      f: {uses: t.do, with: {v: f, s: 3}}
  sweep: {uses: t.do, if: always(), needs: t, with: {v: sweep}}
  tidy:
    if: always()
    needs: t
    steps:
      x: {uses: t.do, with: {v: tidy}}
""")
    async with acts.harness() as h:
        result, found = await cancelled(h, text, 5), ends(h)

    assert result.status == "cancelled"
    assert acts.stopped == ["a"]
    assert acts.done == ["f", "sweep", "tidy"]
    assert found["t"] == "cancelled"
    assert "t/@catch0/c" not in found


async def test_a_catch_that_is_under_way_is_stopped_with_the_run():
    acts = Acts()
    text = flow("""
  t:
    try:
      a: {uses: t.do, with: {v: a, fail: t.boom}}
    catch:
      - {steps: {c: {uses: t.do, with: {v: c, s: 100}}}}
    finally:
      f: {uses: t.do, with: {v: f}}
""")
    async with acts.harness() as h:
        result, _ = await cancelled(h, text, 5), ends(h)

    assert result.status == "cancelled"
    assert acts.stopped == ["c"]
    assert acts.done == ["f"]


async def test_a_limit_of_time_holds_for_the_catch_too_and_not_for_finally():
    result, _, acts = await outcome("""
  t:
    timeout: 5s
    try:
      a: {uses: t.do, with: {v: a, fail: t.boom}}
    catch:
      - {steps: {c: {uses: t.do, with: {v: c, s: 100}}}}
    finally:
      f: {uses: t.do, with: {v: f, s: 10}}
""")

    assert result.status == "failed"
    assert result.steps["t"]["error"]["kind"] == "timeout"
    assert acts.done == ["f"]


@pytest.mark.parametrize(
    ("kinds", "done"), [("t.boom", ["a", "undo"]), ("timeout", ["a", "undo", "timeout"])]
)
async def test_a_time_that_is_over_while_what_failed_is_undone_is_what_may_be_caught(kinds, done):
    result, _, acts = await outcome(f"""
  t:
    timeout: 5s
    try:
      a: {{uses: t.do, with: {{v: a}}, compensate: {{u: {{uses: t.do, with: {{v: undo, s: 9}}}}}}}}
      b: {{uses: t.do, with: {{v: b, s: 1, fail: t.boom}}, needs: a}}
    catch:
      - {{on: [{kinds}], steps: {{c: {{uses: t.do, with: {{v: '${{{{ error.kind }}}}', s: 9}}}}}}}}
""")

    assert acts.done == done
    error = result.steps["t"]["error"]
    assert (error and error["kind"]) == (None if kinds == "timeout" else "timeout")


@pytest.mark.parametrize("kinds", ["boom", "timeout"])
async def test_a_time_that_is_over_before_a_catch_begins_stops_one_that_does_not_take_that(kinds):
    spec = Spec("t", body="try", kinds=((kinds, "boom"),) if kinds == "timeout" else ((kinds,),))
    spec.blocks = {"try": [Spec("a")], "catch0": [Spec("c")]}
    state = Scheduler(Tree([spec], {}, 0).graph())
    boom = Failure(kind="boom", message="it fails")

    state.apply(RunStarted(workflow="w"))
    state.apply(BlockEntered(path="t", block="try", until=5.0))
    chosen = state.apply(StepFailed(path="t/a", error=boom))
    assert state.apply(TimerFired(path="t")) == []
    begun = state.apply(BlockEntered(path="t", block="catch0"))

    assert chosen == [Enter(0, -1, "catch0")]
    assert [type(command) for command in begun] == [Start if kinds == "timeout" else Cancel]
    if kinds == "boom":
        left = state.apply(StepCancelled(path="t/@catch0/c", reason="late"))
        conduct = state.conduct(0)
        assert left == [Leave(0, -1, Status.FAILED)]
        assert conduct is not None
        assert conduct.error is not None
        assert conduct.error.kind == "timeout"


async def test_what_is_tried_again_is_tried_again_as_a_whole():
    result, _, acts = await outcome("""
  t:
    retry: {attempts: 2, backoff: 1s, on: [t.boom, t.late]}
    try:
      a: {uses: t.do, with: {v: a, fail: t.boom}}
    catch:
      - {on: [t.other], steps: {c: {uses: t.do, with: {v: c}}}}
    finally:
      f: {uses: t.do, with: {v: f}}
""")

    assert result.status == "failed"
    assert acts.begun == ["a", "f", "a", "f"]
