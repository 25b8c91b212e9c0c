"""Maps: results in order, never more at once than allowed, what a failed item means."""

import os
import subprocess
import sys
import textwrap
from typing import Any

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.events import StepCancelled, StepSkipped, StepStarted
from ciranda.testing import harness, virtual_backend

pytestmark = pytest.mark.anyio

HEAD = "ciranda: 1\ninputs: {list: array}\nsteps:\n  m:\n    map: ${{ inputs.list }}\n"


def echo(**inputs: Any) -> Any:
    return inputs.get("v")


class Crowd:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    async def __call__(self, v: float) -> float:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await anyio.sleep(v)
        self.inside -= 1
        return v


async def picky(v: Any) -> Any:
    await anyio.sleep(1)
    if v == "bad":
        raise ValueError("bad item")
    await anyio.sleep(1)
    return v


async def test_results_come_in_the_order_of_the_list_whoever_ends_first() -> None:
    async with harness(mocks={"t.nap": Crowd()}) as h:
        flow = HEAD + "    uses: t.nap\n    with: {v: '${{ item }}'}\n"
        result = await h.run(flow, {"list": [5, 1, 3, 2, 4]})

        assert result.steps["m"]["output"] == [5, 1, 3, 2, 4]
        assert result.steps["m"]["counts"] == {"succeeded": 5}


async def test_the_item_and_its_index_go_by_the_names_of_the_step() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        flow = HEAD + "    uses: t.echo\n    as: p\n    with: {v: '${{ [p, p_index] }}'}\n"
        result = await h.run(flow, {"list": ["x", "y"]})

        assert result.steps["m"]["output"] == [["x", 0], ["y", 1]]


async def test_without_a_name_they_are_item_and_index() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        flow = HEAD + "    uses: t.echo\n    with: {v: '${{ [item, index] }}'}\n"
        assert (await h.run(flow, {"list": ["x"]})).steps["m"]["output"] == [["x", 0]]


@pytest.mark.parametrize("width", [1, 2, 7])
async def test_max_parallel_is_reached_and_never_exceeded(width: int) -> None:
    crowd = Crowd()
    async with harness(mocks={"t.nap": crowd}) as h:
        flow = HEAD + (
            f"    uses: t.nap\n    max-parallel: {width}\n    with: {{v: '${{{{ item }}}}'}}\n"
        )
        await h.run(flow, {"list": [1, 2, 1, 3, 1, 1, 2, 5, 1, 1, 1, 2]})

        assert crowd.most == width


async def test_an_async_map_has_64_places_by_default() -> None:
    crowd = Crowd()
    async with harness(mocks={"t.nap": crowd}) as h:
        await h.run(HEAD + "    uses: t.nap\n    with: {v: '${{ item }}'}\n", {"list": [1] * 200})

        assert crowd.most == 64


async def test_an_empty_list_is_a_map_that_succeeds() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        result = await h.run(HEAD + "    uses: t.echo\n", {"list": []})

        view = result.steps["m"]
        assert (view["status"], view["output"], view["counts"]) == ("succeeded", [], {})
        assert list(view["items"]) == []


async def test_a_map_over_a_range_of_numbers() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        flow = "ciranda: 1\nsteps:\n  m: {map: '${{ range(3) }}', uses: t.echo, with: {v: 1}}\n"
        assert (await h.run(flow)).steps["m"]["output"] == [1, 1, 1]


@pytest.mark.parametrize(
    ("value", "named"), [("abc", "text"), ({"a": 1}, "an object"), (3, "a int"), (None, "null")]
)
async def test_what_is_no_list_is_an_invalid_input_that_says_what_it_is(
    value: Any, named: str
) -> None:
    async with harness(mocks={"t.give": value, "t.echo": echo}) as h:
        result = await h.run(
            "ciranda: 1\nsteps:\n  a: {uses: t.give}\n"
            "  m: {map: '${{ steps.a.output }}', uses: t.echo}\n"
        )

        error = result.steps["m"]["error"]
        assert (error["kind"], error["path"]) == ("invalid-input", "m")
        assert f"map needs a list, not {named}" in error["message"]


async def test_a_failed_item_stops_admission_and_cancels_its_siblings() -> None:
    async with harness(mocks={"t.picky": picky}) as h:
        flow = HEAD + "    uses: t.picky\n    max-parallel: 2\n    with: {v: '${{ item }}'}\n"
        result = await h.run(flow, {"list": ["ok", "bad", "ok", "ok"]})

        view = result.steps["m"]
        assert (view["status"], view["output"]) == ("failed", None)
        assert view["counts"] == {"failed": 1, "cancelled": 3}
        assert "item 1: ValueError: bad item" in view["error"]["message"]
        assert {event.path for event in h.events(StepStarted)} == {"m/0", "m/1"}
        assert {event.path for event in h.events(StepCancelled)} == {"m/0"}
        assert [one["status"] for one in view["items"]] == [
            "cancelled",
            "failed",
            "cancelled",
            "cancelled",
        ]


async def test_finish_lets_the_others_end_and_fails() -> None:
    async with harness(mocks={"t.picky": picky}) as h:
        flow = HEAD + (
            "    uses: t.picky\n    on-item-failure: finish\n    with: {v: '${{ item }}'}\n"
        )
        result = await h.run(flow, {"list": ["a", "bad", "c"]})

        view = result.steps["m"]
        assert (view["status"], view["output"]) == ("failed", ["a", None, "c"])
        assert view["counts"] == {"succeeded": 2, "failed": 1}
        assert view["items"][1]["error"]["kind"] == "crash"


async def test_keep_succeeds_with_null_where_an_item_failed() -> None:
    async with harness(mocks={"t.picky": picky}) as h:
        flow = HEAD + (
            "    uses: t.picky\n    on-item-failure: keep\n    with: {v: '${{ item }}'}\n"
        )
        result = await h.run(flow, {"list": ["a", "bad", "c"]})

        assert result.ok
        assert result.steps["m"]["output"] == ["a", None, "c"]


async def test_the_items_of_a_map_can_be_given_to_a_step() -> None:
    async with harness(mocks={"t.picky": picky, "t.echo": echo}) as h:
        flow = HEAD + (
            "    uses: t.picky\n    on-item-failure: keep\n    with: {v: '${{ item }}'}\n"
            "  all: {uses: t.echo, with: {v: '${{ steps.m.items }}'}}\n"
            "  whole: {uses: t.echo, with: {v: '${{ steps.m }}'}}\n"
        )
        result = await h.run(flow, {"list": ["a", "bad"]})

        items = result.steps["all"]["output"]
        assert [(each["status"], each["output"]) for each in items] == [
            ("succeeded", "a"),
            ("failed", None),
        ]
        assert items[1]["error"]["kind"] == "crash"
        assert result.steps["whole"]["output"]["items"] == items


async def test_when_skips_single_items() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        flow = HEAD + "    uses: t.echo\n    when: item > 1\n    with: {v: '${{ item }}'}\n"
        result = await h.run(flow, {"list": [1, 2, 3]})

        assert result.steps["m"]["output"] == [None, 2, 3]
        assert result.steps["m"]["counts"] == {"succeeded": 2, "skipped": 1}
        assert h.events(StepSkipped)[0].reason == "when: item > 1 is false"


async def test_if_is_asked_once_before_the_list() -> None:
    async with harness(mocks={"t.echo": echo}) as h:
        flow = HEAD + "    uses: t.echo\n    if: size(inputs.list) > 1\n".replace("size", "len")
        result = await h.run(flow, {"list": [1]})

        assert result.steps["m"]["status"] == "skipped"


async def test_items_that_continue_on_error_do_not_fail_the_map() -> None:
    async with harness(mocks={"t.picky": picky}) as h:
        flow = HEAD + (
            "    uses: t.picky\n    continue-on-error: true\n    with: {v: '${{ item }}'}\n"
        )
        result = await h.run(flow, {"list": ["bad", "b", "bad"]})

        assert (result.status, result.warnings) == ("succeeded", 2)
        assert result.steps["m"]["output"] == [None, "b", None]


async def test_a_back_off_of_one_item_holds_no_place() -> None:
    calls: list[Any] = []

    async def flaky(v: int) -> int:
        calls.append(v)
        if v == 0 and calls.count(0) == 1:
            raise ConnectionError("gone")
        return v

    async with harness(mocks={"t.flaky": flaky}) as h:
        flow = HEAD + (
            "    uses: t.flaky\n    max-parallel: 1\n    with: {v: '${{ item }}'}\n"
            "    retry: {attempts: 2, backoff: 5m, cap: 5m, jitter: none}\n"
        )
        result = await h.run(flow, {"list": [0, 1, 2]})

        assert calls == [0, 1, 2, 0]
        assert result.steps["m"]["output"] == [0, 1, 2]


@settings(max_examples=25, deadline=None)
@given(
    naps=st.lists(st.integers(0, 5), max_size=30),
    width=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_any_list_and_width_give_the_list_itself(naps: list[int], width: int, seed: int) -> None:
    crowd = Crowd()

    async def main() -> None:
        async with harness(mocks={"t.nap": crowd}) as h:
            flow = HEAD + (
                f"    uses: t.nap\n    max-parallel: {width}\n    with: {{v: '${{{{ item }}}}'}}\n"
            )
            result = await h.run(flow, {"list": naps})

            assert result.steps["m"]["output"] == naps

    backend, options = virtual_backend(seed=seed)
    anyio.run(main, backend=backend, backend_options=options)
    assert crowd.most == min(width, len(naps)) or 0 in naps


LARGE = """
import anyio, sys
from ciranda.actions import action
from ciranda.engine import Engine
from ciranda.workflow.builder import Workflow

@action("t.work")
async def work(i: int) -> str:
    return "x" * 190 + str(i)

@action("t.total")
async def total(n: int, last: str) -> list:
    return [n, last[-5:]]

async def main(folder, level):
    flow = Workflow("large")
    m = flow.step("m", uses=work, map=list(range(100_000)), with_={"i": "${{ item }}"})
    flow.step("t", uses=total, with_={"n": "${{ len(steps.m.output) }}",
                                      "last": "${{ steps.m.output[99999] }}"})
    async with Engine(store=folder, durability=level) as engine:
        result = await engine.run(flow)
        assert result.ok, result
        assert result.steps["t"]["output"] == [100_000, "99999"], result.steps["t"]
        assert type(result.steps["m"]["output"]).__name__ == "StoredOutputs"

anyio.run(main, sys.argv[1], sys.argv[2])
# Not `ru_maxrss`: it is what the process that started this one had, if that was more.
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""


@pytest.mark.parametrize("level", ["off", "process"])
def test_100_000_items_fit_into_200_megabytes(tmp_path: Any, level: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LARGE), str(tmp_path), level],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        # What measures coverage would be weighed too.
        env={name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")},
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 200
