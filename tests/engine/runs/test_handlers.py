"""What follows an end: handlers of steps and of runs, early ends."""

import pytest
from tests.engine.runs.acts import Acts, cancelled, flow, outcome, statuses

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


# Of steps


async def test_the_handler_of_a_step_comes_after_its_last_attempt_and_before_its_dependents():
    result, found, acts = await outcome("""
  a:
    uses: t.do
    with: {v: a, fail: unavailable}
    retry: {attempts: 2, backoff: 1s}
    continue-on-error: true
    on-failure:
      tell: {uses: t.do, with: {v: '${{ error.kind }} ${{ error.path }}', s: 3}}
  b: {uses: t.do, with: {v: b}, needs: a, if: always()}
""")

    assert result.status == "succeeded"
    assert acts.begun == ["a", "a", "unavailable a", "b"]
    assert result.steps["a"]["status"] == "failed"
    assert found["a/@on-failure/tell"] == "succeeded"


async def test_handlers_are_per_item_and_read_its_names():
    result, found, acts = await outcome("""
  m:
    map: [1, 2, 3]
    as: x
    on-item-failure: finish
    uses: t.do
    with: {v: '${{ x }}', fail: "${{ 't.boom' if x > 1 else '' }}"}
    on-failure:
      tell: {uses: t.do, with: {v: 'told ${{ x }} ${{ x_index }}'}}
""")

    assert result.status == "failed"
    assert sorted(map(str, acts.done)) == ["1", "told 2 1", "told 3 2"]
    assert found["m/2/@on-failure/tell"] == "succeeded"


async def test_what_is_cancelled_cleans_up_if_it_had_begun():
    acts = Acts()
    async with acts.harness() as h:
        text = flow("""
  a:
    uses: t.do
    with: {v: a, s: 100}
    on-cancel: {c: {uses: t.do, with: {v: 'clean a', s: 5}}}
  m:
    map: [1, 2, 3]
    max-parallel: 2
    uses: t.do
    with: {v: '${{ item }}', s: 100}
    on-cancel: {c: {uses: t.do, with: {v: 'clean ${{ item }}'}}}
  g:
    steps: {x: {uses: t.do, with: {v: x, s: 100}}}
    on-cancel: {c: {uses: t.do, with: {v: 'clean g ${{ error.message }}'}}}
  later:
    needs: [a, g]
    uses: t.do
    on-cancel: {c: {uses: t.do, with: {v: never}}}
""")
        result = await cancelled(h, text, 3)

    assert result.status == "cancelled"
    assert sorted(acts.done) == ["clean 1", "clean 2", "clean a", "clean g enough"]
    assert statuses(result) == {
        "a": "cancelled", "m": "cancelled", "g": "cancelled", "later": "skipped",
    }  # fmt: skip


async def test_a_handler_that_fails_fails_the_run_even_if_the_step_was_forgiven():
    result, _, _ = await outcome("""
  a:
    uses: t.do
    with: {v: a, fail: t.boom}
    continue-on-error: true
    on-failure: {tell: {uses: t.do, with: {v: tell, fail: t.ouch}}}
""")

    assert statuses(result) == {"a": "failed"}
    assert result.status == "failed"
    assert result.failures == ("a/@on-failure/tell",)


# Of runs

HANDLERS = """
on-success: {s: {uses: t.do, with: {v: s, fail: '${{ inputs.bad }}'}}}
on-failure: {f: {uses: t.do, with: {v: 'f ${{ error.kind }}'}}}
on-cancel: {c: {uses: t.do, with: {v: c}}}
finally: {z: {uses: t.do, with: {v: "z ${{ steps.a.status }}"}}}
inputs:
  kind: {type: string, default: ''}
  bad: {type: string, default: ''}
"""
ONE = "  a: {uses: t.do, with: {v: a, s: 2, fail: '${{ inputs.kind }}'}}"


@pytest.mark.parametrize(
    ("inputs", "status", "done", "failures"),
    [
        ({}, "succeeded", ["a", "s", "z succeeded"], ()),
        ({"kind": "t.boom"}, "failed", ["f t.boom", "z failed"], ("a",)),
        ({"bad": "t.ouch"}, "failed", ["a", "z succeeded"], ("@on-success/s",)),
    ],
)
async def test_handlers_of_the_run_follow_its_status_and_finally_comes_last(
    inputs, status, done, failures
):
    result, _, acts = await outcome(ONE, HANDLERS, **inputs)

    assert result.status == status
    assert acts.done == done
    assert result.failures == failures


async def test_handlers_of_a_cancelled_run_are_not_stopped():
    acts = Acts()
    async with acts.harness() as h:
        result = await cancelled(h, flow(ONE, HANDLERS), 1)

    assert result.status == "cancelled"
    assert acts.done == ["c", "z cancelled"]


async def test_handlers_of_the_run_come_again_when_it_is_gone_on_with():
    acts = Acts()
    async with acts.harness() as h:
        first = await h.run(flow(ONE, HANDLERS), {"kind": "t.boom"})
        acts.healed.add("a")
        second = await h.resume()

    assert (first.status, second.status) == ("failed", "succeeded")
    assert acts.done == ["f t.boom", "z failed", "a", "s", "z succeeded"]


# Early ends


async def test_succeed_ends_the_run_and_stops_what_is_under_way():
    result, found, acts = await outcome(
        """
  slow: {uses: t.do, with: {v: slow, s: 100}}
  a: {uses: t.do, with: {v: a, s: 1}}
  done: {needs: a, succeed: {outputs: {n: '${{ steps.a.output }}'}}}
  never: {uses: t.do, needs: done, with: {v: never}}
  sweep: {uses: t.do, needs: slow, if: always(), with: {v: sweep}}
""",
        "outputs: {m: '${{ steps.slow.output ?? 0 }}'}"
        "\non-success: {s: {uses: t.do, with: {v: s}}}",
    )

    assert result.status == "succeeded"
    assert result.outputs == {"n": "a"}
    assert acts.stopped == ["slow"]
    assert acts.done == ["a", "sweep", "s"]
    assert found["never"] == "cancelled"


@pytest.mark.parametrize(
    "around",
    [
        "  g:\n    steps:\n      {step}\n",
        "  g:\n    map: [1, 2, 3]\n    when: item > 1\n    max-parallel: 1\n    {bare}\n",
        "  g:\n    map: [1, 2, 3]\n    max-parallel: 1\n    steps:\n      {step}\n",
        "  g:\n    while: loop.index < 9\n    steps:\n      {step}\n",
        "  g:\n    try:\n      {step}\n    finally: {{f: {{uses: t.do, with: {{v: f}}}}}}\n",
        "  g:\n    switch:\n      - {bare}\n",
    ],
)
async def test_succeed_ends_the_run_from_inside_of_anything(around):
    bare = "succeed: {outputs: {n: 1}}"
    text = around.format(step=f"d: {{{bare}}}", bare=bare)

    result, found, acts = await outcome(f"""
  slow: {{uses: t.do, with: {{v: slow, s: 100}}}}
{text}
""")

    assert result.status == "succeeded"
    assert result.outputs == {"n": 1}
    assert acts.stopped == ["slow"]
    assert found["slow"] == "cancelled"
    assert acts.done == (["f"] if "finally" in around else [])


async def test_an_early_end_stays_one_when_the_process_dies_before_all_is_stopped():
    acts = Acts()
    async with acts.harness() as h:
        text = flow("""
  slow: {uses: t.do, with: {v: slow, s: 9}, on-cancel: {c: {uses: t.do, with: {v: c, s: 9}}}}
  g:
    steps:
      a: {uses: t.do, with: {v: a, s: 1}}
      d: {needs: a, succeed: {outputs: {n: '${{ steps.a.output }}'}}}
      never: {needs: d, uses: t.do, with: {v: never}}
  last: {needs: g, uses: t.do, with: {v: never}}
""")
        h.kill_at("before_commit", "slow/@on-cancel/c")
        with pytest.raises(BaseException, match="slow"):
            await h.run(text)
        result = await h.resume()

    assert result.status == "succeeded"
    assert result.outputs == {"n": "a"}
    assert acts.done == ["a", "c", "c"]


async def test_succeed_ends_the_run_as_a_success_whatever_had_failed():
    result, found, acts = await outcome(
        """
  a: {uses: t.do, with: {v: a, fail: t.x}}
  b: {uses: t.do, with: {v: b, s: 1}, compensate: {u: {uses: t.do, with: {v: undo}}}}
  done: {needs: b, succeed: {}}
""",
        "on-success: {s: {uses: t.do, with: {v: s}}}\non-failure: {f: {uses: t.do, with: {v: f}}}",
    )

    assert (result.status, result.outputs, result.failures) == ("succeeded", None, ("a",))
    assert found["a"] == "failed"
    assert acts.done == ["b", "s"]
