"""Cancelling: whatever state a step is in, it ends once, and what must still run does."""

from typing import Any

import anyio
import pytest

from ciranda.events import RunCancelled, RunCompleted, StepCancelled, StepCompleted, StepStarted
from ciranda.runs.outcome import RunResult
from ciranda.testing import Harness, harness

pytestmark = pytest.mark.anyio


async def nap(**inputs: Any) -> Any:
    await anyio.sleep(inputs.get("s", 100))
    return inputs.get("s", 100)


async def gone(**_: Any) -> None:
    await anyio.sleep(1)
    raise ConnectionError("gone")


async def stubborn(**_: Any) -> str:
    with anyio.CancelScope(shield=True):
        await anyio.sleep(10)
    return "done all the same"


async def refusing(**_: Any) -> str:
    try:
        await anyio.sleep(100)
    finally:
        raise ValueError("no")  # what a careless clean-up does


MOCKS = {
    "t.nap": nap,
    "t.gone": gone,
    "t.stubborn": stubborn,
    "t.refusing": refusing,
    "t.ok": 1,
}


async def cancelled_after(h: Harness, seconds: float, flow: str, times: int = 1) -> RunResult:
    """Run a flow, and cancel it so many times from a certain moment on."""
    results: list[RunResult] = []

    async def run() -> None:
        results.append(await h.run("ciranda: 1\nsteps:\n" + flow))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(seconds)
        for _ in range(times):
            h.engine.cancel("enough")
            await anyio.sleep(0.5)
    return results[0]


@pytest.mark.parametrize(
    ("flow", "statuses"),
    [
        ("  a: {uses: t.nap}\n", {"a": "cancelled"}),
        ("  a: {uses: t.nap}\n  b: {uses: t.ok, needs: [a]}\n", {"a": "cancelled"}),
        ("  a: {uses: t.ok}\n  b: {uses: t.nap}\n", {"a": "succeeded", "b": "cancelled"}),
        ("  a: {uses: t.gone, retry: {attempts: 2, backoff: 1h, cap: 1h}}\n", {"a": "cancelled"}),
        ("  a: {uses: t.refusing}\n", {"a": "failed"}),
        ("  a: {uses: t.nap, timeout: 1h, deadline: 2h}\n", {"a": "cancelled"}),
        ("  a: {uses: t.nap, continue-on-error: true}\n", {"a": "cancelled"}),
        ("  a: {uses: t.nap, concurrency: {group: g, max: 1}}\n"
         "  b: {uses: t.nap, concurrency: {group: g, max: 1}}\n",
         {"a": "cancelled", "b": "cancelled"}),
    ],
    ids=[
        "running", "pending", "succeeded", "waiting for a retry", "fails while it is cancelled",
        "under limits of time", "tolerated", "waiting for a place",
    ],
)  # fmt: skip
async def test_a_step_ends_once_in_whatever_state_it_is(
    flow: str, statuses: dict[str, str]
) -> None:
    async with harness(mocks=MOCKS) as h:
        before = h.clock.now()
        result = await cancelled_after(h, 5, flow)

        assert result.status == "cancelled"
        assert {name: result.steps[name]["status"] for name in statuses} == statuses
        assert h.clock.now() - before < 7, "it ended at once"
        assert len(h.events(RunCancelled)) == len(h.events(RunCompleted)) == 1
        ends = [event.path for event in h.events(StepCancelled)]
        assert len(ends) == len(set(ends))


async def test_what_waits_for_a_place_of_the_whole_run_never_begins() -> None:
    async with harness(mocks=MOCKS, settings={"run": {"max_parallel": 1}}) as h:
        result = await cancelled_after(h, 5, "  a: {uses: t.nap}\n  b: {uses: t.nap}\n")

        assert [event.path for event in h.events(StepStarted)] == ["a"]
        assert result.steps["b"]["status"] == "cancelled"


async def test_a_step_that_shields_itself_is_waited_for_and_its_end_is_recorded() -> None:
    async with harness(mocks=MOCKS) as h:
        before = h.clock.now()
        result = await cancelled_after(h, 5, "  a: {uses: t.stubborn}\n  b: {uses: t.nap}\n")

        assert h.clock.now() - before == pytest.approx(10, abs=0.6)
        assert result.steps["a"]["status"] == "succeeded"
        assert result.steps["b"]["status"] == "cancelled"


@pytest.mark.parametrize("condition", ["always()", "cancelled()"])
async def test_steps_that_speak_of_it_still_run(condition: str) -> None:
    flow = (
        "  a: {uses: t.nap}\n"
        f"  tidy: {{if: {condition}, uses: t.nap, needs: [a], with: {{s: 2}}}}\n"
        "  plain: {uses: t.ok, needs: [a]}\n"
    )
    async with harness(mocks=MOCKS) as h:
        before = h.clock.now()
        result = await cancelled_after(h, 5, flow)

        assert h.clock.now() - before == pytest.approx(7)
        assert [event.path for event in h.events(StepCompleted)] == ["tidy"]
        assert result.status == "cancelled"
        assert result.steps["plain"]["status"] == "skipped"


async def test_an_always_step_that_runs_already_is_left_alone() -> None:
    flow = "  tidy: {if: always(), uses: t.nap, with: {s: 9}}\n  a: {uses: t.nap}\n"
    async with harness(mocks=MOCKS) as h:
        result = await cancelled_after(h, 5, flow)

        assert result.steps["tidy"]["status"] in ("succeeded", "cancelled")
        assert result.steps["a"]["status"] == "cancelled"


async def test_a_second_cancel_adds_nothing() -> None:
    async with harness(mocks=MOCKS) as h:
        result = await cancelled_after(h, 5, "  a: {uses: t.stubborn}\n", times=3)

        assert len(h.events(RunCancelled)) == 1
        assert h.events(RunCancelled)[0].reason == "enough"
        assert len(h.events(RunCompleted)) == 1
        assert (result.status, result.steps["a"]["status"]) == ("cancelled", "succeeded")


async def test_a_cancel_after_the_end_is_nothing() -> None:
    async with harness(mocks=MOCKS) as h:
        result = await cancelled_after(h, 5, "  a: {uses: t.ok}\n")

        assert result.status == "succeeded"
        assert h.events(RunCancelled) == []


async def test_items_of_a_map_end_in_each_of_their_states() -> None:
    flow = (
        "  m:\n    uses: t.nap\n    map: [1, 50, 60, 70]\n    max-parallel: 2\n"
        "    with: {s: '${{ item }}'}\n"
    )
    async with harness(mocks=MOCKS) as h:
        result = await cancelled_after(h, 5, flow)

        assert result.steps["m"]["status"] == "cancelled"
        assert result.steps["m"]["counts"] == {"succeeded": 1, "cancelled": 3}


@pytest.mark.parametrize("store", [None, "disk"])
async def test_a_cancelled_run_goes_on_where_it_was(store: Any) -> None:
    flow = (
        "  a: {uses: t.ok}\n  b: {uses: t.nap, needs: [a], with: {s: 20}}\n"
        "  c: {uses: t.ok, needs: [b]}\n"
    )
    async with harness(mocks=MOCKS, store=store) as h:
        await cancelled_after(h, 5, flow)

        result = await h.resume()

        assert result.ok
        assert [event.path for event in h.events(StepCompleted)] == ["a", "b", "c"]


async def test_a_run_whose_caller_is_cancelled_can_be_resumed() -> None:
    flow = "ciranda: 1\nsteps:\n  a: {uses: t.ok}\n  b: {uses: t.nap, needs: [a], with: {s: 20}}\n"
    async with harness(mocks=MOCKS) as h:
        with anyio.move_on_after(5) as scope:
            await h.run(flow)
        assert scope.cancelled_caught
        assert h.events(RunCompleted) == []

        result = await h.resume()

        assert result.ok
        assert [event.path for event in h.events(StepCompleted)] == ["a", "b"]
