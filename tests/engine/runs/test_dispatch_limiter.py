"""Ready steps that wait for a limiter: who goes first, what is given back, who pauses."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from ciranda.actions import action
from ciranda.context import Context
from ciranda.events import (
    StepSkipped,
    StepStarted,
)
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.machine import MachineWindows
from ciranda.runs.dispatch import Dispatch
from ciranda.testing import harness
from ciranda.workflow.builder import Workflow

from .naps import MOCKS, began, flow_of, limiter, run, starts

pytestmark = pytest.mark.anyio


async def test_cheap_steps_do_not_overtake_the_one_that_waits_in_front() -> None:
    flow = flow_of({"first": 1, "large": 1, "small": 1, "free": 1})
    dispatch = Dispatch(
        order={"first": 0, "large": 1, "small": 2, "free": 3},
        limiter=limiter(10, per=60),
        costs={"first": (5,), "large": (8,), "small": (1,)},
    )

    assert await began(flow, dispatch) == {"first": 0, "free": 0, "large": 60, "small": 60}


async def test_the_dispatch_tells_who_waits_in_front_for_the_limiter() -> None:
    dispatch = Dispatch(order={"a": 0, "b": 1, "c": 2}, limiter=limiter(1, per=20),
                        costs={"a": (1,), "b": (1,), "c": (1,)})  # fmt: skip
    seen = []
    async with harness(mocks=MOCKS) as h, anyio.create_task_group() as group:

        async def look() -> None:
            for _ in range(4):
                await anyio.sleep(15)
                seen.append(dispatch.reserved)

        group.start_soon(look)
        await run(h, flow_of({"a": 1, "b": 1, "c": 1}), dispatch)

    assert seen == ["b", "c", None, None]


OPEN = Path("/proc/self/fd")


def is_open(path: Path) -> bool:
    return path.resolve() in [each.readlink() for each in OPEN.iterdir() if each.is_symlink()]


@pytest.mark.skipif(not OPEN.exists(), reason="this system does not list open files")
@pytest.mark.parametrize("closes", [False, True])
async def test_the_end_of_a_run_closes_the_limiter_that_nobody_else_uses(
    closes: bool, tmp_path: Path
) -> None:
    book = MachineWindows("x", [(5, 60.0)], folder=tmp_path)
    shared = Limiter(book, anyio.current_time, ["requests"])
    dispatch = Dispatch(limiter=shared, costs={"a": (1,)}, closes=closes)
    async with harness(mocks=MOCKS) as h:
        await run(h, flow_of({"a": 1}), dispatch)
    held = is_open(book.path)
    shared.close()

    assert held is not closes


async def test_a_step_that_waits_for_the_limiter_holds_no_slot() -> None:
    flow = flow_of({"a": 1, "b": 1, "c": 30})
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1, "c": 2},
        limiter=limiter(1, per=20),
        costs={"a": (1,), "b": (1,)},
    )

    assert await began(flow, dispatch) == {"a": 0, "c": 1, "b": 31}


async def test_a_skipped_front_lets_the_next_go_and_gives_its_grant_back() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.nap, if: run.name == 'x'}\n"
        "  b: {uses: t.nap, if: run.name != 'x'}\n"
        "  c: {uses: t.nap}"
    )
    limit = limiter(2, per=60)
    dispatch = Dispatch(limiter=limit, costs={"a": (2,), "b": (1,), "c": (1,)})
    async with harness(mocks=MOCKS) as h:
        result = await run(h, text, dispatch)

        assert result.ok
        assert [event.path for event in h.events(StepSkipped)] == ["a"]
        assert starts(h) == {"b": 0, "c": 0}


async def test_what_was_used_corrects_the_grant() -> None:
    @action("ask.model")
    async def ask(ctx: Context) -> None:
        await anyio.sleep(1)
        ctx.used(input_tokens=20)

    limit = limiter(10, 100, names=("requests", "input-tokens"))
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1},
        limiter=limit,
        costs={"a": (1, 80), "b": (1, 80)},
    )
    async with harness() as h:
        flow = Workflow("asking")
        flow.step("a", uses=ask)
        flow.step("b", uses=ask)
        await run(h, flow, dispatch)

        assert starts(h) == {"a": 0, "b": 1}
        assert limit.fill() == pytest.approx((0.2, 0.4))


async def test_a_rate_limited_attempt_pauses_everybody() -> None:
    from ciranda.errors import StepError

    calls: list[float] = []

    async def busy(**_: Any) -> None:
        calls.append(anyio.current_time())
        if len(calls) == 1:
            raise StepError("rate_limited", "too many", retry_after=30.0)

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.busy, retry: {attempts: 2, on: [rate_limited], backoff: 1s}}\n"
        "  b: {uses: t.busy}"
    )
    dispatch = Dispatch(
        most=1, order={"a": 0, "b": 1}, limiter=limiter(9), costs={"b": (1,), "a": (1,)}
    )
    async with harness(mocks={"t.busy": busy}) as h:
        await run(h, text, dispatch)

    assert calls[1] - calls[0] >= 30


# Retries, maps, cancelling


async def test_a_slot_of_a_refused_step_goes_to_nobody_before_the_pause_is_over() -> None:
    from ciranda.errors import StepError

    calls: list[float] = []

    async def busy(**_: Any) -> None:
        calls.append(anyio.current_time())
        await anyio.sleep(1)
        if anyio.current_time() - calls[0] < 5:
            raise StepError("rate_limited", "too many", retry_after=20.0)

    flow = Workflow("storm")
    for name in "abcdefgh":
        flow.step(name, uses="t.busy", retry={"attempts": 2, "on": ["rate_limited"]})
    dispatch = Dispatch(most=4, limiter=limiter(99), costs=dict.fromkeys("abcdefgh", (1,)))
    async with harness(mocks={"t.busy": busy}) as h:
        result = await run(h, flow, dispatch)

    assert result.ok
    begun = [round(at - calls[0], 3) for at in calls]
    assert begun[:4] == [0, 0, 0, 0]
    assert len(begun) == 12
    assert min(begun[4:]) >= 21


async def test_a_back_off_holds_nothing_and_each_attempt_is_admitted() -> None:
    failed: list[str] = []

    async def once(**_: Any) -> None:
        await anyio.sleep(1)
        if not failed:
            failed.append("once")
            raise ConnectionError("gone")

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.once, retry: {attempts: 2, backoff: 5s, jitter: none}}\n"
        "  b: {uses: t.nap}"
    )
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1},
        capacities={"db": 1},
        demands={"a": {"db": 1}, "b": {"db": 1}},
        limiter=limiter(2, per=60),
        costs={"a": (1,), "b": (1,)},
    )
    async with harness(mocks={"t.once": once, **MOCKS}) as h:
        result = await run(h, text, dispatch)

        assert result.ok
        first = h.events(StepStarted)[0].at
        found = [
            (event.path, event.attempt, round(event.at - first)) for event in h.events(StepStarted)
        ]
        assert found == [("a", 1, 0), ("b", 1, 1), ("a", 2, 60)]


async def test_each_item_of_a_map_takes_a_slot_and_its_step_none() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  m: {map: [1, 2, 3, 4], uses: t.nap, with: {s: 2}}\n"
        "  after: {uses: t.nap, needs: [m], with: {s: 1}}\n"
        "  other: {uses: t.nap, with: {s: 2}}"
    )
    dispatch = Dispatch(
        most=3,
        order={"m": 0, "after": 1, "other": 2},
        capacities={"cpu": 2},
        demands={"m": {"cpu": 1}},
    )

    assert await began(text, dispatch) == {
        "m/0": 0,
        "m/1": 0,
        "other": 0,
        "m/2": 2,
        "m/3": 2,
        "after": 4,
    }
