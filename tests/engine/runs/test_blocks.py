"""Groups and choices: steps inside of steps, through the whole engine."""

import pytest
from tests.engine.runs.acts import Acts, flow, outcome, statuses

from ciranda.events import BlockEntered, StepFailed

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


async def test_a_group_gives_what_it_declares_and_its_steps_read_what_is_outside():
    result, found, acts = await outcome("""
  a: {uses: t.do, with: {v: 1}}
  g:
    steps:
      b: {uses: t.do, with: {v: '${{ steps.a.output + 1 }}'}}
      inner:
        steps:
          c: {uses: t.do, with: {v: '${{ steps.a.output + steps.b.output }}'}}
        outputs: {c: '${{ steps.c.output }}'}
    outputs: {sum: '${{ steps.inner.output.c * 10 }}'}
  silent:
    steps:
      d: {uses: t.do, with: {v: 9}}
  e: {uses: t.do, with: {v: '${{ steps.g.output.sum }}'}}
""")

    assert result.status == "succeeded"
    assert result.steps["g"]["output"] == {"sum": 30}
    assert result.steps["silent"]["output"] is None
    assert acts.done[-1] == 30
    assert {"g/b", "g/inner", "g/inner/c", "silent/d"} <= found.keys()


async def test_a_failure_inside_fails_the_group_which_names_the_step():
    result, found, acts = await outcome("""
  g:
    steps:
      deep:
        steps:
          a: {uses: t.do, with: {v: a, fail: t.boom}}
          b: {uses: t.do, with: {v: b}, needs: a}
      c: {uses: t.do, with: {v: c}}
  after: {uses: t.do, with: {v: after}, needs: g}
""")

    error = result.steps["g"]["error"]
    assert result.status == "failed"
    assert result.failures == ("g",)
    assert error["kind"] == "t.boom"
    assert error["message"] == "'g/deep/a' failed: a is broken"
    assert found["g/deep/b"] == found["after"] == "skipped"
    assert "c" in acts.done


async def test_a_tolerated_failure_inside_fails_no_group_and_a_tolerated_group_no_run():
    result, found, _ = await outcome("""
  g:
    steps:
      a: {uses: t.do, with: {v: a, fail: t.boom}, continue-on-error: true}
  t:
    continue-on-error: [t.boom]
    steps:
      b: {uses: t.do, with: {v: b, fail: t.boom.x}}
  after: {uses: t.do, if: always(), with: {v: 1}, needs: t}
""")

    assert result.status == "succeeded"
    assert result.warnings == 2
    assert found == {
        "g/a": "failed", "g": "succeeded", "t/b": "failed", "t": "failed", "after": "succeeded",
    }  # fmt: skip


async def test_a_group_that_is_tried_again_begins_with_fresh_insides():
    result, found, acts = await outcome("""
  g:
    retry: {attempts: 3, backoff: 1s, jitter: none, on: [unavailable]}
    steps:
      a: {uses: t.do, with: {v: a}}
      b: {uses: t.do, needs: a, deadline: 2s, with: {v: b, s: 1, fail: unavailable, times: 2}}
    outputs: {b: '${{ steps.b.output }}'}
""")

    assert result.status == "succeeded"
    assert result.steps["g"]["output"] == {"b": "b"}
    assert result.steps["g"]["attempts"] == 3
    assert acts.begun == ["a", "b"] * 3
    assert found["g/b"] == "succeeded"


@pytest.mark.parametrize("limit", ["timeout: 5s", "deadline: 5s"])
async def test_a_group_whose_time_is_over_stops_what_is_inside(limit):
    result, found, acts = await outcome(f"""
  g:
    {limit}
    steps:
      slow: {{uses: t.do, with: {{v: slow, s: 100}}}}
      last: {{uses: t.do, with: {{v: last}}, needs: slow}}
      sweep: {{uses: t.do, with: {{v: sweep}}, needs: last, if: always()}}
""")

    assert result.status == "failed"
    assert result.steps["g"]["error"]["kind"] == "timeout"
    assert acts.stopped == ["slow"]
    assert found["g/slow"] == "cancelled"
    assert found["g/last"] == "skipped"
    assert acts.done == ["sweep"]
    assert result.duration == pytest.approx(5)


async def test_a_deadline_counts_all_attempts_of_a_group():
    result, _, acts = await outcome("""
  g:
    deadline: 5s
    retry: {attempts: 9, backoff: 1s, factor: 1, jitter: none}
    steps:
      a: {uses: t.do, with: {v: a, s: 1, fail: unavailable}}
""")

    assert result.status == "failed"
    assert acts.begun == ["a"] * 3
    assert result.duration <= 5


# Choices


@pytest.mark.parametrize(
    ("n", "output", "path"),
    [(7, "many", "pick/body"), (3, {"few": 3}, "pick/few"), (1, "one", "pick/body")],
)
async def test_the_first_case_that_holds_is_the_one(n, output, path):
    result, found, acts = await outcome("""
  pick:
    switch:
      - {if: inputs.n > 5, uses: t.do, with: {v: many}}
      - if: inputs.n > 1
        steps:
          few: {uses: t.do, with: {v: '${{ inputs.n }}'}}
        outputs: {few: '${{ steps.few.output }}'}
      - {uses: t.do, with: {v: one}}
  after: {uses: t.do, with: {v: '${{ steps.pick.output }}'}}
""", "inputs: {n: integer}", n=n)  # fmt: skip

    assert result.steps["pick"]["output"] == output
    assert acts.done[-1] == output
    assert len(acts.done) == 2
    assert set(found) == {"pick", path, "after"}


async def test_a_choice_of_which_no_case_holds_is_skipped():
    result, found, acts = await outcome("""
  pick:
    switch:
      - {if: 'false and inputs.n > 5', uses: t.do, with: {v: many}}
  after: {uses: t.do, with: {v: '${{ steps.pick.output ?? 0 }}'}}
""", "inputs: {n: {type: integer, default: 1}}")  # fmt: skip

    assert result.status == "succeeded"
    assert found == {"pick": "skipped", "after": "succeeded"}
    assert acts.done == [0]


async def test_a_case_that_fails_fails_the_choice():
    result, found, _ = await outcome("""
  pick:
    switch:
      - {uses: t.do, with: {v: x, fail: t.boom}}
""")

    assert result.status == "failed"
    assert result.steps["pick"]["error"]["kind"] == "t.boom"
    assert found == {"pick/body": "failed", "pick": "failed"}


# Sides of groups


async def test_fail_fast_stops_all_the_others_at_any_depth():
    result, _, acts = await outcome("""
  a: {uses: t.do, with: {v: a, s: 2, fail: t.boom}}
  g:
    steps:
      b: {uses: t.do, with: {v: b, s: 100}}
  m:
    map: [1, 2]
    steps:
      c: {uses: t.do, with: {v: '${{ item }}', s: 100}}
  z: {uses: t.do, with: {v: z}, if: always(), needs: [a, g, m]}
""", "fail-fast: true")  # fmt: skip

    assert result.status == "failed"
    assert result.failures == ("a",)
    assert sorted(map(str, acts.stopped)) == ["1", "2", "b"]
    assert acts.done == ["z"]
    assert statuses(result) == {"a": "failed", "g": "cancelled", "m": "cancelled", "z": "succeeded"}


async def test_the_time_of_the_run_ends_it_as_failed_with_its_handlers():
    result, found, acts = await outcome("""
  g:
    steps:
      b: {uses: t.do, with: {v: b, s: 100}}
""", """timeout: 10s
on-failure: {tell: {uses: t.do, with: {v: '${{ error.kind }}'}}}
""")  # fmt: skip

    assert result.status == "failed"
    assert acts.stopped == ["b"]
    assert acts.done == ["timeout"]
    assert result.error["kind"] == "timeout"
    assert found["@on-failure/tell"] == "succeeded"


async def test_fail_fails_with_what_it_says():
    acts = Acts()
    async with acts.harness() as h:
        result = await h.run(
            flow("""
  g:
    steps:
      no: {fail: {kind: refused, message: 'not ${{ 1 + 1 }}', detail: {n: 2}}}
""")
        )
        (failed,) = h.events(StepFailed)[:1]

    assert result.steps["g"]["error"]["kind"] == "refused"
    assert failed.error.message == "not 2"
    assert failed.error.detail == {"n": 2}


async def test_steps_inside_of_steps_at_twenty_levels():
    inner = "{uses: t.do, with: {v: deep}}"
    for level in range(20):
        inner = (
            f"{{steps: {{s{level}: {inner}}}, outputs: {{x: '${{{{ steps.s{level}.output }}}}'}}}}"
        )

    result, found, _ = await outcome(f"\n  top: {inner}\n")

    assert result.status == "succeeded"
    assert len(found) == 21
    assert max(path.count("/") for path in found) == 20


async def test_blocks_are_told_with_their_paths():
    acts = Acts()
    async with acts.harness() as h:
        await h.run(flow("\n  g: {map: [1, 2], steps: {a: {uses: t.do, with: {v: 1}}}}\n"))
        entered = [(event.path, event.block) for event in h.events(BlockEntered)]

    assert sorted(entered) == [("g/0", "steps"), ("g/1", "steps")]
