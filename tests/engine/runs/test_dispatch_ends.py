"""Steps that are skipped, cancelled, resumed or given up while a dispatch admits them."""

import threading
from typing import Any

import anyio
import pytest

from ciranda.actions import action
from ciranda.errors import InputError
from ciranda.events import (
    StepCancelled,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.window import Window
from ciranda.runs.dispatch import Dispatch
from ciranda.testing import harness

from .naps import MOCKS, flow_of, limiter, run, starts

pytestmark = pytest.mark.anyio

TWO = Limiter([Window(2, 1)], anyio.current_time)


async def test_what_comes_to_no_attempt_waits_for_nothing() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  m: {map: [1, 2, 3], when: item > 2, uses: t.nap}\n"
        "  one: {uses: t.ok}\n"
        "  bad: {map: '${{ steps.one.output }}', uses: t.nap}\n"
        "  z: {uses: t.nap}"
    )
    dispatch = Dispatch(
        most=1, order={"one": 0, "z": 1}, limiter=limiter(1), costs={"m": (1,), "bad": (1,)}
    )
    async with harness(mocks=MOCKS) as h:
        result = await run(h, text, dispatch)

        assert starts(h) == {"one": 0, "z": 0, "m/2": 10}
        assert [event.path for event in h.events(StepSkipped)] == ["m/0", "m/1"]
        assert "map needs a list" in h.events(StepFailed)[0].error.message
        assert result.failures == ("bad",)


async def test_cancelling_ends_those_that_wait_and_those_that_run() -> None:
    limit = limiter(1, per=1000)
    dispatch = Dispatch(most=2, order={"a": 0, "b": 1}, limiter=limit, costs={"a": (1,), "b": (1,)})
    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.nap}\n"
        "  b: {uses: t.nap}\n"
        "  c: {uses: t.nap}\n"
        "  d: {uses: t.nap}\n"
        "  last: {uses: t.nap, needs: [a, b], if: always()}"
    )
    async with harness(mocks=MOCKS) as h:
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, text, dispatch)
            await anyio.sleep(3)
            h.engine.cancel("enough")

        assert sorted(event.path for event in h.events(StepCancelled)) == ["a", "b", "c", "d"]
        assert starts(h) == {"a": 0, "c": 0, "last": 3}
        await run(h, flow_of({"a": 1, "b": 1}), Dispatch(most=1))  # nothing is left of it


async def test_a_cancelled_front_lets_those_behind_it_go() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        '  m: {map: [1, 2], uses: t.breaks, with: {n: "${{ item }}"}}\n'
        "  z: {uses: t.nap}"
    )

    async def breaks(n: int) -> None:
        await anyio.sleep(4)
        raise ValueError(n)

    dispatch = Dispatch(order={"m": 0, "z": 1}, limiter=limiter(8), costs={"m": (7,), "z": (1,)})
    async with harness(mocks={"t.breaks": breaks, **MOCKS}) as h:
        await run(h, text, dispatch)

        assert starts(h) == {"m/0": 0, "z": 4}
        assert [event.path for event in h.events(StepCancelled)] == ["m/1"]


async def test_a_resumed_run_is_dispatched_like_a_new_one() -> None:
    dispatch = Dispatch(most=1, order={"c": 0, "b": 1, "a": 2})
    async with harness(mocks=MOCKS) as h:
        async with anyio.create_task_group() as group:
            text = "".join(f"  {name}: {{uses: t.nap}}\n" for name in "abc")
            group.start_soon(run, h, f"ciranda: 1\nsteps:\n{text}", dispatch)
            await anyio.sleep(15)
            h.engine.cancel("enough")
        done = len(h.events(StepStarted))
        result = await h.engine.resume("last", dispatch=dispatch)

        assert result.ok
        assert [event.path for event in h.events(StepStarted)[done:]] == ["b", "a"]


async def test_a_thread_that_is_given_up_keeps_what_it_holds_until_it_has_ended() -> None:
    begun, go = threading.Event(), threading.Event()

    @action("t.stuck")
    def stuck() -> None:
        begun.set()
        go.wait(5)

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.stuck, executor: thread}\n"
        "  b: {uses: t.ok, needs: [a], if: always()}\n"
        "  z: {uses: t.ok, needs: [a], if: always()}"
    )
    demands = {"a": {"file": 1}, "b": {"file": 1}}
    dispatch = Dispatch(order={"a": 0, "b": 1}, capacities={"file": 1}, demands=demands)
    async with harness(mocks={"t.stuck": stuck, **MOCKS}) as h:
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, text, dispatch)
            await anyio.to_thread.run_sync(begun.wait)
            h.engine.cancel("enough")
            for _ in range(50):  # time stands still while a thread is at work
                await anyio.lowlevel.checkpoint()
            before = [*starts(h)]
            go.set()

        assert before == ["a", "z"]
        assert [*starts(h)] == ["a", "z", "b"]


# Mistakes


async def test_a_dispatch_is_for_steps_that_are_there_and_for_one_run_at_a_time() -> None:
    flow, dispatch = flow_of({"a": 5}), Dispatch(most=1)
    async with harness(mocks=MOCKS) as h:
        with pytest.raises(InputError, match="`order` names the step 'b', which the workflow does"):
            await run(h, flow, Dispatch(order={"b": 1}))
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, flow, dispatch)
            await anyio.sleep(1)
            with pytest.raises(InputError, match="another run uses it now: make one for each"):
                await run(h, flow, dispatch)
        with pytest.raises(InputError, match="`most` is 0"):
            dispatch.resize(0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"most": 0}, r"`most` is 0: at least one step"),
        ({"demands": {"a": {"cpu": 1}}}, r"'a' demands 'cpu', which has no capacity"),
        (
            {"demands": {"a": {"cpu": 3}}, "capacities": {"cpu": 2}},
            r"'a' demands 3 of 'cpu': from 1 to 2",
        ),
        ({"costs": {"a": (1,)}}, r"'a' has a cost, but there is no limiter"),
        ({"costs": {"a": (1, 2)}, "limiter": TWO}, r"'a' costs 1, 2, but the limiter has 1 "),
        ({"costs": {"a": (9,)}, "limiter": TWO}, r"'a' costs 9, which a limit of 2 can never"),
    ],
)
def test_rules_that_cannot_work_are_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Dispatch(**words)


async def test_what_all_steps_may_try_again_together_is_spent_once_each_time_a_run_goes_on() -> (
    None
):
    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.fail, idempotent: true, retry: {attempts: 4, backoff: 10ms}}\n"
        "  b: {uses: t.fail, idempotent: true, retry: {attempts: 4, backoff: 10ms}}"
    )
    dispatch = Dispatch(most=1, order={"a": 0, "b": 1}, retries=4)
    async with harness(mocks=MOCKS) as h:
        result = await run(h, text, dispatch)

        assert len(h.events(StepStarted)) == 2 + 4
        assert any("not tried again" in one.error.message for one in h.events(StepFailed))
        await h.engine.resume(result.run_id, dispatch=dispatch)
        assert len(h.events(StepStarted)) == 2 * (2 + 4)


async def test_less_than_no_retries_are_refused() -> None:
    with pytest.raises(InputError, match="`retries` is -1: write 0 or more"):
        Dispatch(retries=-1)
