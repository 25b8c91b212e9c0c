"""Steps that wait for times, events and people; runs that are parked meanwhile."""

from functools import partial
from typing import Any

import anyio
import pytest
from tests.engine.runs.acts import WORDS, Acts, answer, ends, flow, parked, send

from ciranda.events import (
    ApprovalGiven,
    EventReceived,
    EventTaken,
    MapCompleted,
    RunParked,
    RunStarted,
    StepWaits,
)
from ciranda.runs.outcome import RunResult
from ciranda.testing import Harness

pytestmark = pytest.mark.anyio


async def during(h: Harness, text: str, *said: tuple[float, Any]) -> RunResult:
    """Run in the foreground while others say something, so many seconds after the beginning."""
    results: list[RunResult] = []

    async def run() -> None:
        results.append(await h.run(text, run_id="r1"))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        passed = 0.0
        for at, say in said:
            await anyio.sleep(at - passed)
            passed = at
            say()
    return results[0]


async def test_a_sleep_takes_its_time_and_its_length_may_be_said_by_an_expression():
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(flow("""
  a: {sleep: 90s}
  b: {needs: a, sleep: "${{ inputs.pause }}"}
  c: {needs: b, uses: t.do, with: {v: c}}
""", "inputs: {pause: {type: duration, default: 1h}}"))  # fmt: skip

    assert result.status == "succeeded"
    assert result.duration == pytest.approx(3690)
    assert result.steps["a"]["output"] is None


# Events

WAIT = """
  early: {uses: t.do, with: {v: early, s: 20}}
  w:
    needs: early
    wait: {event: paid, where: event.data.n > 1, timeout: 1h}
  v: {wait: {event: paid}}
  after: {uses: t.do, with: {v: '${{ steps.w.output.n }} ${{ steps.v.output.n }}'}}
"""


async def test_events_that_come_early_are_kept_and_each_is_taken_once():
    acts = Acts()
    async with acts.harness() as h:
        result = await during(
            h,
            flow(WAIT),
            (5, lambda: send(h, "paid", {"n": 1})),
            (6, lambda: send(h, "paid", {"n": 2})),
            (7, lambda: send(h, "other", {"n": 9})),
            (8, lambda: send(h, "paid", {"n": 3})),
            (9, lambda: send(h, "paid", {"n": 3})),  # the same one again
        )
        taken = {event.path: event.id for event in h.events(EventTaken)}
        received = [event.id for event in h.events(EventReceived)]

    assert result.status == "succeeded"
    assert acts.done == ["early", "2 1"]
    assert len(set(taken.values())) == len(taken) == 2
    assert len(received) == 4


async def test_items_that_wait_for_the_same_take_one_event_each():
    acts = Acts()
    async with acts.harness() as h:
        result = await during(
            h,
            flow("""
  m: {map: [1, 2, 3], wait: {event: paid, where: event.data.for == item}}
  n: {needs: m, map: [1, 2], max-parallel: 1, wait: {event: paid}}
"""),
            *((6 - n, partial(send, h, "paid", {"for": n})) for n in (5, 4, 3, 2, 1)),
        )

    assert [each["for"] for each in result.steps["m"]["output"]] == [1, 2, 3]
    assert [each["for"] for each in result.steps["n"]["output"]] == [5, 4]


@pytest.mark.parametrize(
    ("more", "status", "output"),
    [("", "failed", None), (", default: {n: '${{ 1 + 1 }}'}", "succeeded", {"n": 2})],
)
async def test_a_wait_whose_time_is_over_fails_or_has_its_default(more, status, output):
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(flow(f"\n  w: {{wait: {{event: paid, timeout: 10m{more}}}}}\n"))

    assert result.status == status
    assert result.steps["w"]["output"] == output
    assert result.duration == pytest.approx(600)
    if status == "failed":
        assert result.steps["w"]["error"]["kind"] == "timeout"


async def test_a_group_with_a_wait_is_tried_again():
    acts = Acts()
    async with acts.harness() as h:
        result = await during(
            h,
            flow("""
  g:
    retry: {attempts: 3, backoff: 1s, factor: 1, jitter: none, on: [timeout]}
    steps: {w: {wait: {event: paid, timeout: 10s}}}
    outputs: {w: '${{ steps.w.output }}'}
"""),
            (15, lambda: send(h, "paid", 7)),
        )

    assert result.steps["g"]["output"] == {"w": 7}
    assert result.steps["g"]["attempts"] in (2, 3)  # the inbox is not looked at all the time


async def test_emit_reaches_the_own_run_and_others_that_have_not_ended():
    acts = Acts()
    async with acts.harness() as h:
        other = await parked(h, flow("\n  w: {wait: {event: news}}\n"), run="other")
        result = await h.run(
            flow("""
  w: {wait: {event: news, where: event.data.n == 2}}
  e: {emit: {event: news, data: {n: '${{ 1 + 1 }}'}}}
""")
        )
        again = await h.engine.resume("other")

    assert other.status == "waiting"
    assert result.status == again.status == "succeeded"
    assert result.steps["w"]["output"] == again.steps["w"]["output"] == {"n": 2}
    assert result.steps["e"]["output"]["runs"] == 2


# People

ASK = """
  ask:
    approve:
      prompt: 'Ship ${{ inputs.what }}?'
      form: {reason: string, boxes: {type: integer, minimum: 1, default: 1}}
      who: [ana, rui]
      on-reject: ON
    on-failure: {f: {uses: t.do, with: {v: '${{ error.message }}'}}}
  ship: {uses: t.do, with: {v: "${{ steps.ask.output.approved }}"}}
"""
WHAT = "inputs: {what: {type: string, default: it}}"


async def test_the_first_answer_that_counts_is_the_one():
    acts = Acts()
    async with acts.harness() as h:
        first = await parked(h, flow(ASK.replace("ON", "fail"), WHAT))
        (asked,) = h.events(StepWaits)
        answer(h, "ask", "eva", reason="stranger")
        answer(h, "ask", "rui")  # without a reason
        answer(h, "ask", "rui", reason="x", boxes=0)
        answer(h, "ask", "ana", reason="good", boxes=2)
        answer(h, "ask", "rui", no=True, reason="bad")
        result = await h.engine.resume("r1")
        given = h.events(ApprovalGiven)

    assert (first.status, result.status) == ("waiting", "succeeded")
    assert asked.prompt == "Ship it?"
    output = result.steps["ask"]["output"]
    assert {**output, "at": ""} == {
        "approved": True, "by": "ana", "at": "", "form": {"reason": "good", "boxes": 2},
    }  # fmt: skip
    assert [event.by for event in given] == ["ana"]
    assert acts.done == [True]


@pytest.mark.parametrize(("word", "status"), [("fail", "failed"), ("continue", "succeeded")])
async def test_a_no_fails_the_step_or_is_a_value(word, status):
    acts = Acts()
    async with acts.harness() as h:
        await parked(h, flow(ASK.replace("ON", word), WHAT))
        answer(h, "ask", "ana", no=True, comment="too late")
        result = await h.engine.resume("r1")

    assert result.status == status
    if status == "failed":
        assert result.steps["ask"]["error"]["kind"] == "refused"
        assert acts.done == ["rejected by ana: too late"]
    else:
        assert result.steps["ask"]["output"]["by"] == "ana"
        assert acts.done == [False]


async def test_who_was_refused_may_be_asked_again():
    acts = Acts()
    async with acts.harness() as h:
        await parked(h, flow(ASK.replace("ON", "fail"), WHAT))
        answer(h, "ask", "ana", no=True)
        refused = await h.engine.resume("r1", park=True)
        asked = await h.engine.resume("r1", park=True)
        answer(h, "ask", "rui", reason="well")
        result = await h.engine.resume("r1", park=True)

    assert [each.status for each in (refused, asked, result)] == ["failed", "waiting", "succeeded"]
    assert acts.done[-1] is True


async def test_each_turn_of_a_loop_asks_anew():
    acts = Acts()
    async with acts.harness() as h:
        text = flow("""
  l:
    until: loop.last.ok
    steps:
      ask: {approve: {prompt: well, on-reject: continue}}
    outputs: {ok: '${{ steps.ask.output.approved }}'}
""")
        first = await parked(h, text)
        answer(h, "l/0/ask", "ana", no=True)
        second = await h.engine.resume("r1", park=True)
        answer(h, "l/1/ask", "ana")
        third = await h.engine.resume("r1", park=True)

    assert [each.status for each in (first, second, third)] == ["waiting", "waiting", "succeeded"]
    assert third.steps["l"]["counts"] == {"succeeded": 2}


async def test_an_answer_by_default_is_an_answer_with_all_its_fields():
    text = """
  ask:
    approve:
      form: {n: integer, why: {type: string, default: none}}
      timeout: 2d
      default: {approved: true, form: {n: "${{ 6 * 7 }}"}}
  tell: {uses: t.do, with: {v: "${{ steps.ask.output }}"}}
"""
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(flow(text))

    assert result.status == "succeeded"
    form = {"n": 42, "why": "none"}
    assert acts.done == [{"approved": True, "by": None, "at": None, "form": form}]


@pytest.mark.parametrize(
    ("rest", "becomes"),
    [
        ("default: {approved: false}", "refused: nobody answered in time, and the default is no"),
        ("default: {approved: false}, on-reject: continue", "no"),
        ("default: '${{ {} }}'", "invalid-input: the default of step `ask` must say"),
        (
            "default: {approved: true, form: {n: '${{ run.name }}'}}",
            "invalid-input: the field `n` of step `ask` must be a whole number, not `workflow`",
        ),
    ],
)
async def test_a_no_by_default_is_a_no_and_what_is_no_answer_fails(rest: str, becomes: str):
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(
            flow(f"""
  ask: {{approve: {{form: {{n: integer}}, timeout: 2d, {rest}}}}}
  tell: {{uses: t.do, with: {{v: "${{{{ steps.ask.output.approved }}}}"}}}}
""")
        )

    if becomes == "no":
        assert acts.done == [False]
    else:
        error = result.steps["ask"]["error"]
        assert f"{error['kind']}: {error['message']}".startswith(becomes)
        assert acts.done == []


# Parking


async def test_a_run_is_parked_when_all_that_is_open_waits_at_any_depth_and_goes_on_from_there():
    acts = Acts()
    async with acts.harness() as h:
        text = flow("""
  a: {uses: t.do, with: {v: a, s: 30}}
  g:
    map: [1, 2]
    steps:
      b: {uses: t.do, with: {v: 'b${{ item }}'}}
      t:
        needs: b
        try:
          w: {wait: {event: paid, where: event.data == item}}
        finally:
          f: {uses: t.do, with: {v: 'f${{ item }}'}}
        outputs: {w: '${{ steps.w.output }}'}
    outputs: {w: '${{ steps.t.output.w }}'}
  s: {sleep: 5d}
""")
        first = await parked(h, text)
        row = h.engine.log.run("r1")
        send(h, "paid", 1)
        second = await h.engine.resume("r1", park=True)
        await anyio.sleep(5 * 86400)
        assert h.engine.log.due(h.clock.both.wall()) == ["r1"]
        third = await h.engine.resume("r1", park=True)
        send(h, "paid", 2)
        last = await h.engine.resume("r1", park=True)

    assert row.status == "waiting"
    assert [one.status for one in (first, second, third, last)] == [*["waiting"] * 3, "succeeded"]
    assert sorted(acts.done) == ["a", "b1", "b2", "f1", "f2"]
    assert last.steps["g"]["output"] == [{"w": 1}, {"w": 2}]


async def test_a_parked_run_that_is_cancelled_cleans_up_when_it_is_taken_up():
    acts = Acts()
    async with acts.harness() as h:
        await parked(
            h,
            flow("""
  g:
    steps: {w: {wait: {event: never}}}
    on-cancel: {c: {uses: t.do, with: {v: cleaned}}}
"""),
        )
        h.engine.log.post("r1", "cancel", b"enough")
        result = await h.engine.resume("r1", park=True)
        found = ends(h)

    assert result.status == "cancelled"
    assert acts.done == ["cleaned"]
    assert found["g/w"] == found["g"] == "cancelled"


async def test_a_cancelled_wait_whose_time_is_over_at_the_same_moment_ends_once():
    acts = Acts()
    async with acts.harness() as h:
        result = await during(
            h,
            flow("""
  m: {map: [1, 2, 3], sleep: 10s}
  w: {wait: {event: paid, timeout: 10s}}
"""),
            (10, lambda: send(h, "paid")),
            (10, lambda: h.engine.cancel("enough")),
        )
        told = [event.path for kind in WORDS for event in h.events(kind)]
        told += [event.path for event in h.events(MapCompleted)]

    assert result.status != "waiting"
    assert sorted(told) == ["m", "m/0", "m/1", "m/2", "w"]


async def test_a_wait_that_was_over_when_the_process_died_is_over():
    acts = Acts()
    async with acts.harness() as h:
        h.kill_at("before_commit", "w")
        with pytest.raises(BaseException, match="w"):
            await h.run(flow("\n  w: {wait: {event: never, timeout: 10s, default: 1}}\n"))
        result = await h.resume()

    assert result.steps["w"]["output"] == 1


async def test_the_time_limit_of_a_run_goes_on_while_it_is_parked():
    acts = Acts()
    async with acts.harness() as h:
        text = flow("  w: {wait: {event: never}}", "timeout: 10s")
        first = await parked(h, text)
        due = h.events(RunParked)[-1].due
        await h.clock.advance(9)
        early = await h.engine.resume("r1", park=True)
        await h.clock.advance(2)
        late = await h.engine.resume("r1", park=True)

    begun = h.events(RunStarted)[0].at
    assert (first.status, early.status, late.status) == ("waiting", "waiting", "failed")
    assert due == pytest.approx(begun + 10)
    assert late.error is not None
    assert late.error["kind"] == "timeout"
