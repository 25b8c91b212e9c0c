"""Workflows that use themselves: each level has inputs, limits, handlers and an end of its own."""

from typing import Any

import anyio
import pytest
from hypothesis import given, settings, strategies as st
from tests.engine.runs.acts import Acts, ends
from tests.engine.runs.test_subworkflows import outcome, written

from ciranda.errors import InputError
from ciranda.runs.rerun import rerun_of
from ciranda.testing import SimulatedCrash, virtual_backend

pytestmark = pytest.mark.anyio
ONE_LOOP = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)

FACTORIAL = """
ciranda: 1
inputs: {n: integer}
steps:
  less: {if: inputs.n > 1, uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}}
  own: {uses: t.do, with: {v: '${{ inputs.n * (steps.less.output.result ?? 1) }}'}}
outputs: {result: '${{ steps.own.output }}'}
"""
FIBONACCI = """
ciranda: 1
inputs: {n: integer}
steps:
  small: {if: inputs.n < 2, succeed: {outputs: {result: '${{ inputs.n }}'}}}
  a: {if: inputs.n > 1, uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}}
  b: {if: inputs.n > 1, uses: ./f.yaml, with: {n: '${{ inputs.n - 2 }}'}}
outputs: {result: '${{ (steps.a.output.result ?? 0) + (steps.b.output.result ?? 0) }}'}
"""
DOWN = """
ciranda: 1
inputs: {n: integer}
steps: {less: {if: inputs.n > 0, uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}}}
"""


def nested(depth: int, *rest: str) -> str:
    return "/".join([*["less"] * depth, *rest])


async def test_a_factorial_is_counted_level_by_level():
    result, found, acts = await outcome({"n": 5}, f=FACTORIAL)

    assert result.outputs == {"result": 120}
    assert acts.done == [1, 2, 6, 24, 120]
    assert found[nested(4, "own")] == "succeeded"
    assert found[nested(5)] == "skipped"


@ONE_LOOP
async def test_a_file_may_use_itself_twice():
    result, _, _ = await outcome({"n": 7}, f=FIBONACCI)

    assert result.outputs == {"result": 13}


ONE = """
ciranda: 1
inputs: {n: integer}
steps: {less: {if: inputs.n > 0, uses: ./two.yaml, with: {n: '${{ inputs.n }}'}}}
outputs: {word: 'a${{ steps.less.output.word ?? "" }}'}
"""
TWO = """
ciranda: 1
inputs: {n: integer}
steps: {less: {uses: ./one.yaml, with: {n: '${{ inputs.n - 1 }}'}}}
outputs: {word: 'b${{ steps.less.output.word }}'}
"""


@ONE_LOOP
async def test_files_may_use_each_other_wherever_they_are_begun():
    both = """
ciranda: 1
steps: {x: {uses: ./one.yaml, with: {n: 2}}, y: {uses: ./two.yaml, with: {n: 2}}}
outputs: {x: '${{ steps.x.output.word }}', y: '${{ steps.y.output.word }}'}
"""
    result, found, _ = await outcome({"n": 3}, one=ONE, two=TWO)
    other, _, _ = await outcome(both=both, one=ONE, two=TWO)

    assert result.outputs == {"word": "abababa"}
    assert found[nested(7)] == "skipped"
    assert other.outputs == {"x": "ababa", "y": "baba"}


@ONE_LOOP
async def test_a_tree_is_walked_by_a_map_whose_list_may_be_empty():
    tree = """
ciranda: 1
inputs: {node: object}
steps:
  own: {uses: t.do, with: {v: '${{ inputs.node.name }}'}}
  below: {map: '${{ inputs.node.below ?? [] }}', uses: ./f.yaml, with: {node: '${{ item }}'}}
outputs: {count: '${{ 1 + sum(x.count for x in steps.below.output) }}'}
"""
    root = {"name": "r", "below": [{"name": "a", "below": [{"name": "b"}]}, {"name": "c"}]}

    result, found, acts = await outcome({"node": root}, f=tree)

    assert result.outputs == {"count": 4}
    assert sorted(acts.done) == ["a", "b", "c", "r"]
    assert found["below/0/below/0/own"] == "succeeded"


@ONE_LOOP
async def test_sixty_four_workflows_may_be_within_one_another():
    result, found, _ = await outcome({"n": 64}, f=DOWN)

    assert result.status == "succeeded"
    assert found[nested(64)] == "succeeded"


CAUGHT = """
ciranda: 1
steps:
  t:
    try: {deep: {uses: ./f.yaml, with: {n: 70}, retry: {attempts: 3, backoff: 1s}}}
    catch: [{on: limit, steps: {s: {uses: t.do, with: {v: '${{ error.message }}'}}}}]
"""


@ONE_LOOP
async def test_the_next_one_fails_its_step_which_can_be_caught():
    failed, found, _ = await outcome({"n": 65}, f=DOWN)
    result, _, acts = await outcome(caught=CAUGHT, f=DOWN)

    error = failed.steps["less"]["error"]
    assert error["kind"] == "limit"
    assert error["message"] == (
        f"'{nested(65)}' failed: '{nested(65)}' would be workflow 65 within one another: "
        "the most are 64"
    )
    assert found[nested(65)] == "failed"
    assert result.status == "succeeded"
    assert result.steps["t"]["attempts"] == 1
    assert len(acts.done) == 1
    assert "would be workflow 65 within one another" in acts.done[0]


@ONE_LOOP
async def test_each_level_has_its_handlers_and_an_early_end_ends_its_own_only():
    text = """
ciranda: 1
inputs: {n: integer}
steps:
  less: {if: inputs.n > 1, uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}}
  end: {if: inputs.n == 1, succeed: {outputs: {n: one}}}
  late: {if: "steps.end.status == 'skipped'", uses: t.do, with: {v: '${{ inputs.n }}'}}
outputs: {n: '${{ steps.less.output.n ?? "none" }}'}
on-success: {s: {uses: t.do, with: {v: 'good ${{ inputs.n }}'}}}
finally: {z: {uses: t.do, with: {v: 'last ${{ inputs.n }}'}}}
"""
    result, found, acts = await outcome({"n": 2}, f=text)

    assert result.outputs == {"n": "one"}
    assert acts.done[-4:] == ["good 1", "last 1", "good 2", "last 2"]
    assert found["less/late"] == "cancelled"
    assert found["late"] == "succeeded"
    assert found["less/@workflow.finally/z"] == "succeeded"


@ONE_LOOP
async def test_a_time_limit_of_the_file_holds_at_each_level():
    text = """
ciranda: 1
inputs: {n: integer}
timeout: 10s
steps:
  own: {uses: t.do, with: {v: '${{ inputs.n }}', s: 6}}
  less:
    if: inputs.n > 0
    needs: own
    uses: ./f.yaml
    with: {n: '${{ inputs.n - 1 }}'}
    continue-on-error: true
"""
    result, found, acts = await outcome({"n": 1}, f=text)

    assert acts.stopped == [0]  # the run had 10 seconds for both
    assert result.status == "failed"
    assert found["less/own"] == "cancelled"


@ONE_LOOP
async def test_what_was_done_at_every_level_is_undone_from_the_deepest_on():
    text = """
ciranda: 1
inputs: {n: integer}
steps:
  own: {uses: t.do, with: {v: '${{ inputs.n }}'}, compensate: {u: {uses: t.do, with: {v: 'un ${{ inputs.n }}'}}}}
  less: {if: inputs.n > 0, needs: own, uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}}
  stop: {if: inputs.n == 3 and steps.less.status == 'succeeded', fail: {kind: no, message: no}}
"""  # noqa: E501  (as a file is written)
    result, _, acts = await outcome({"n": 3}, f=text)

    assert result.status == "failed"
    assert acts.done == [3, 2, 1, 0, "un 0", "un 1", "un 2", "un 3"]


@ONE_LOOP
async def test_only_secrets_that_are_passed_on_are_there_at_each_level():
    text = """
ciranda: 1
inputs: {n: integer}
secrets: {TOKEN: {env: OUTER_TOKEN}}
steps:
  own: {uses: t.do, with: {v: '${{ inputs.n }} ${{ secrets.TOKEN }}'}}
  less:
    if: inputs.n > 0
    uses: ./f.yaml
    with: {n: '${{ inputs.n - 1 }}'}
    secrets: {TOKEN: '${{ secrets.TOKEN }}'}
"""
    result, _, acts = await outcome({"n": 2}, f=text)

    assert result.status == "succeeded"
    assert sorted(acts.done) == ["0 outer", "1 outer", "2 outer"]


@ONE_LOOP
async def test_the_rate_of_a_file_counts_its_starts_at_all_levels_together():
    text = FACTORIAL.replace("steps:", "rate: {requests: 2/10s}\nsteps:")

    result, _, _ = await outcome({"n": 5}, f=text)

    assert result.duration == pytest.approx(20, abs=0.5)


RATED = """
ciranda: 1
inputs: {who: string}
rate: {requests: 1/10s, key: '${{ inputs.who }}'}
steps: {call: {uses: ./f.yaml, with: {n: 2}}}
"""


@ONE_LOOP
async def test_the_key_of_an_outer_rate_is_read_where_it_is_written_at_every_level():
    result, _, acts = await outcome({"who": "ann"}, outer=RATED, f=FACTORIAL)

    assert acts.done == [1, 2]
    assert result.duration == pytest.approx(10, abs=0.5)


# Going on


async def test_a_run_that_dies_five_levels_deep_goes_on_there():
    acts = Acts()
    async with acts.harness() as h:
        file = written(h, f=FACTORIAL)
        h.kill_at("before_effect", nested(5, "own"))
        with pytest.raises(SimulatedCrash):
            await h.run(file, {"n": 8})

        result = await h.resume()

    assert result.outputs == {"result": 40320}
    assert acts.done == [1, 2, 6, 24, 120, 720, 5040, 40320]


GROUPS = 8  # around each use: deeper than the stack of Python, all in all
HEAVY = """
ciranda: 1
inputs: {n: integer}
timeout: 5m
steps:
  BEGIN{
    less: {if: inputs.n > 0, map: [0], uses: ./f.yaml, with: {n: '${{ inputs.n - 1 }}'}},
    leaf: {if: inputs.n == 0, uses: t.do, with: {v: leaf, s: 400}}
  }END
"""


@ONE_LOOP
async def test_depth_is_no_matter_of_pythons_stack():
    groups = "".join(f"g{number}/" for number in range(GROUPS))
    leaf = (groups + "less/0/") * 64 + groups + "leaf"
    acts = Acts()
    async with acts.harness() as h:
        begin = "".join(f"{{g{number}: {{steps: " for number in range(GROUPS))
        file = written(h, f=HEAVY.replace("BEGIN", begin).replace("END", "}}" * GROUPS))
        h.kill_at("before_effect", leaf)
        with pytest.raises(SimulatedCrash):
            await h.run(file, {"n": 64})

        result = await h.resume()

        assert result.status == "failed"
        assert result.error is not None
        assert result.error["kind"] == "timeout"
        assert acts.stopped == ["leaf"]
        assert ends(h)[leaf] == "cancelled"
        with pytest.raises(InputError, match=r"the path has \d+ parts, 200 are the most"):
            rerun_of(h.engine, "last", leaf)


@ONE_LOOP
async def test_a_new_run_begins_three_levels_deep():
    acts = Acts()
    async with acts.harness() as h:
        file = written(h, f=FACTORIAL)
        await h.run(file, {"n": 5})
        acts.done.clear()

        prepared = rerun_of(h.engine, "last", nested(3, "own"))

        result = await h.engine.rerun(prepared)

    assert {path for path in prepared.reuse.again if path.endswith("own")} == {
        nested(depth, "own") for depth in range(4)
    }
    assert result.outputs == {"result": 120}
    assert acts.done == [2, 6, 24, 120]


@ONE_LOOP
async def test_a_change_of_the_file_is_one_of_all_its_levels():
    acts = Acts()
    async with acts.harness() as h:
        file = written(h, f=FACTORIAL + "  # end\n")
        await h.run(file, {"n": 3})
        file.write_text(FACTORIAL.replace("?? 1)", "?? 2)"))

        found = rerun_of(h.engine, "last", "own").reuse

    assert found.again["less"] == "the file says something else of it now"


# Oracle


def counted(tree: list[Any]) -> int:
    return 1 + sum(map(counted, tree))


trees: st.SearchStrategy[list[Any]] = st.recursive(
    st.just([]), lambda below: st.lists(below, max_size=3), max_leaves=6
)
COUNT = """
ciranda: 1
inputs: {tree: array}
steps:
  pick:
    switch:
      - {if: len(inputs.tree) == 0, steps: {leaf: {uses: t.do, with: {v: 0}}}, outputs: {n: 0}}
      - steps: {m: {map: '${{ inputs.tree }}', uses: ./f.yaml, with: {tree: '${{ item }}'}}}
        outputs: {n: '${{ sum(x.n for x in steps.m.output) }}'}
outputs: {n: '${{ 1 + steps.pick.output.n }}'}
"""


@settings(max_examples=15, deadline=None)
@given(tree=trees)
def test_every_tree_is_counted_as_plain_recursion_counts(tree):
    backend, options = virtual_backend("asyncio")
    result, _, acts = anyio.run(
        lambda: outcome({"tree": tree}, f=COUNT), backend=backend, backend_options=options
    )

    assert result.outputs == {"n": counted(tree)}
    assert len(acts.done) == str(tree).count("[]")
