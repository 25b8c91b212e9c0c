"""Workflows as steps of others: a scope of their own, in the same run."""

from pathlib import Path
from typing import Any

import pytest
from tests.engine.runs.acts import Acts, answer, ends

from ciranda.testing import Harness

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

INNER = """
ciranda: 1
inputs: {n: integer, word: {type: string, default: hello}}
env: {COLOUR: blue}
secrets: {TOKEN: {env: INNER_TOKEN}}
steps:
  a: {uses: t.do, with: {v: '${{ inputs.n * 2 }} ${{ inputs.word }} ${{ env.COLOUR }}'}}
  b:
    uses: t.do
    with: {v: '${{ steps.a.output }}!', fail: "${{ 't.boom' if inputs.n > 9 else '' }}"}
on-failure: {f: {uses: t.do, with: {v: 'f ${{ error.kind }} ${{ inputs.n }}'}}}
on-success: {s: {uses: t.do, with: {v: 's ${{ steps.b.output }}'}}}
finally: {z: {uses: t.do, with: {v: z}}}
outputs: {said: '${{ steps.b.output }}'}
"""
OUTER = """
ciranda: 1
inputs: {n: {type: integer, default: 1}}
env: {COLOUR: red}
steps:
  a: {uses: t.do, with: {v: '${{ env.COLOUR }}'}}
  call: {needs: a, uses: ./inner.yaml, with: {n: '${{ inputs.n }}'}}
  after: {uses: t.do, with: {v: '${{ steps.call.output.said }}'}}
"""


def written(h: Harness, **files: str) -> Path:
    """Write files; return the path of the first of them."""
    for name, text in files.items():
        (h.folder / f"{name}.yaml").write_text(text)
    return h.folder / f"{next(iter(files))}.yaml"


async def outcome(inputs: Any = None, **files: str) -> tuple[Any, dict[str, str], Acts]:
    acts = Acts()
    async with acts.harness(environ={"INNER_TOKEN": "inner", "OUTER_TOKEN": "outer"}) as h:
        result = await h.run(written(h, **files), inputs)
        return result, ends(h), acts


async def test_a_workflow_as_a_step_has_inputs_env_and_handlers_of_its_own():
    result, found, acts = await outcome(outer=OUTER, inner=INNER)

    assert result.status == "succeeded"
    assert result.steps["call"]["output"] == {"said": "2 hello blue!"}
    assert acts.done == [
        "red", "2 hello blue", "2 hello blue!", "s 2 hello blue!", "z", "2 hello blue!",
    ]  # fmt: skip
    assert {"call/a", "call/b", "call/@workflow.on-success/s"} <= found.keys()


async def test_its_failure_is_that_of_the_step_after_its_handlers():
    result, found, acts = await outcome({"n": 10}, outer=OUTER, inner=INNER)

    assert result.status == "failed"
    assert result.steps["call"]["error"]["kind"] == "t.boom"
    assert result.steps["call"]["error"]["message"].startswith("'call/b' failed")
    assert acts.done[-2:] == ["f t.boom 10", "z"]
    assert found["after"] == "skipped"


async def test_inputs_that_do_not_fit_fail_the_step_before_anything_runs():
    result, _, acts = await outcome(
        outer=OUTER.replace("n: '${{ inputs.n }}'", "n: '${{ steps.a.output }}'"), inner=INNER
    )

    assert result.status == "failed"
    assert result.steps["call"]["error"]["kind"] == "invalid-input"
    assert acts.done == ["red"]


async def test_it_sees_the_secrets_that_are_passed_only():
    reads = "ciranda: 1\nsecrets: {TOKEN: {env: NOT_SET}}\nsteps:\n"
    reads += "  a: {uses: t.do, with: {v: 'x${{ secrets.TOKEN }}'}}\n"
    outer = "ciranda: 1\nsecrets: {MINE: {env: OUTER_TOKEN}}\nsteps:\n"
    outer += "  call: {uses: ./inner.yaml, secrets: {TOKEN: '${{ secrets.MINE }}'}}\n"

    result, _, acts = await outcome(outer=outer, inner=reads)

    assert result.status == "succeeded"
    assert acts.done == ["xouter"]


async def test_succeed_ends_the_workflow_that_it_is_in_and_no_other():
    inner = """
ciranda: 1
steps:
  slow: {uses: t.do, with: {v: slow, s: 100}}
  g: {steps: {d: {succeed: {outputs: {n: 7}}}}}
outputs: {n: '${{ steps.slow.output ?? 0 }}'}
"""
    outer = """
ciranda: 1
steps:
  call: {uses: ./inner.yaml}
  after: {uses: t.do, with: {v: '${{ steps.call.output.n }}'}}
"""
    result, found, acts = await outcome(outer=outer, inner=inner)

    assert result.status == "succeeded"
    assert acts.done == [7]
    assert acts.stopped == ["slow"]
    assert found["call/slow"] == "cancelled"


async def test_workflows_in_workflows_fifty_deep_in_a_map_and_a_loop():
    files = {
        "outer": """
ciranda: 1
steps:
  m: {map: [1, 2], uses: ./f1.yaml, with: {n: '${{ item }}'}}
outputs: {n: '${{ steps.m.output }}'}
"""
    }
    for level in range(1, 50):
        files[f"f{level}"] = f"""
ciranda: 1
inputs: {{n: integer}}
steps:
  c: {{uses: ./f{level + 1}.yaml, with: {{n: '${{{{ inputs.n + 1 }}}}'}}}}
outputs: {{n: '${{{{ steps.c.output.n }}}}'}}
"""
    files["f50"] = """
ciranda: 1
inputs: {n: integer}
steps: {a: {while: loop.index < 2, uses: t.do, with: {v: '${{ inputs.n }}'}}}
outputs: {n: '${{ steps.a.output }}'}
"""
    result, found, acts = await outcome(**files)

    assert result.outputs == {"n": [{"n": 50}, {"n": 51}]}
    assert sorted(acts.done) == [50, 50, 51, 51]
    assert max(path.count("/") for path in found) == 52


async def test_it_waits_is_parked_and_goes_on_with_what_it_had():
    inner = """
ciranda: 1
inputs: {n: integer}
secrets: {TOKEN: {env: NOT_SET}}
steps:
  a: {uses: t.do, with: {v: 'a${{ inputs.n }}'}}
  ask: {needs: a, approve: {prompt: 'Go on with ${{ inputs.n }}?'}}
  b: {needs: ask, uses: t.do, with: {v: 'b${{ inputs.n }}${{ secrets.TOKEN }}'}}
outputs: {b: '${{ steps.ask.output.by }}'}
"""
    outer = """
ciranda: 1
secrets: {MINE: {env: OUTER_TOKEN}}
steps:
  call:
    map: [1, 2]
    uses: ./inner.yaml
    with: {n: '${{ item }}'}
    secrets: {TOKEN: '${{ secrets.MINE }}'}
"""
    acts = Acts()
    async with acts.harness(environ={"OUTER_TOKEN": "outer"}) as h:
        file = written(h, outer=outer, inner=inner)
        first = await h.engine.run(file, base=h.folder, run_id="r1", park=True)
        (h.folder / "inner.yaml").unlink()  # the run keeps what it began with
        answer(h, "call/0/ask", "ana")
        answer(h, "call/1/ask", "rui")
        result = await h.engine.resume("r1")

    assert (first.status, result.status) == ("waiting", "succeeded")
    assert sorted(acts.done) == ["a1", "a2", "b1outer", "b2outer"]
    assert result.steps["call"]["output"] == [{"b": "ana"}, {"b": "rui"}]


async def test_what_it_did_is_undone_with_the_run_and_done_again():
    inner = """
ciranda: 1
steps:
  a:
    uses: t.do
    with: {v: a}
    compensate: {u: {uses: t.do, with: {v: 'undo ${{ steps.a.output }}'}}}
"""
    outer = """
ciranda: 1
steps:
  call: {uses: ./inner.yaml}
  boom: {needs: call, uses: t.do, with: {v: boom, fail: t.boom}}
"""
    acts = Acts()
    async with acts.harness() as h:
        first = await h.run(written(h, outer=outer, inner=inner))
        acts.healed.add("boom")
        second = await h.resume()

    assert (first.status, second.status) == ("failed", "succeeded")
    assert acts.done == ["a", "undo a", "a", "boom"]


async def test_fail_fast_of_a_workflow_is_its_own():
    inner = """
ciranda: 1
fail-fast: true
steps:
  a: {uses: t.do, with: {v: a, s: 1, fail: t.boom}}
  slow: {uses: t.do, with: {v: slow, s: 100}}
"""
    outer = """
ciranda: 1
steps:
  call: {uses: ./inner.yaml, continue-on-error: true}
  b: {uses: t.do, with: {v: b, s: 5}}
"""
    result, found, acts = await outcome(outer=outer, inner=inner)

    assert result.status == "succeeded"
    assert acts.stopped == ["slow"]
    assert acts.done == ["b"]
    assert found["call"] == "failed"
