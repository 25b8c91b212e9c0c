"""What is killed is killed whole, in time, and alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from ciranda.errors import StepError
from ciranda.executors.pool import Pool

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("lifetime", ["reuse", "fork"])


async def quickest(limit: float, attempt: Callable[[], Awaitable[float]]) -> float:
    """Return the fewest seconds of up to five attempts: others may keep the machine busy."""
    took = [await attempt()]
    while min(took) >= limit and len(took) < 5:
        took.append(await attempt())
    return min(took)


async def dead_on(pool: Pool, name: str, deadline: float) -> float:
    """Return how long a call took that was killed at its deadline."""
    start = time.monotonic()
    with pytest.raises(StepError, match=rf"^'{name}' was killed after its {deadline} s") as told:
        await pool.call(name, None, deadline=deadline)
    took = time.monotonic() - start
    assert told.value.kind == "timeout"
    return took


@BOTH
async def test_a_deadline_kills_grandchildren_and_daemons_within_100_ms(kind, survivors, lifetime):
    async with Pool(kind(lifetime=lifetime), 1) as pool:
        await pool.call("ok", None)
        assert await quickest(0.5, partial(dead_on, pool, "grandchildren", 0.4)) < 0.5
        pids = survivors()
        assert len(pids) <= 2  # a keeper, and the worker that takes over
        assert await pool.call("ok", 1) == 1


@BOTH
async def test_a_cancelled_call_kills_its_worker_before_it_lets_go(
    kind, until, survivors, lifetime
):
    async with Pool(kind(lifetime=lifetime), 2) as pool:
        await pool.call("ok", None)

        async def cancelled() -> float:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pool.call, "grandchildren", None)
                await until(lambda: len(survivors()) >= 4)
                start = time.monotonic()
                tasks.cancel_scope.cancel()
            return time.monotonic() - start

        assert await quickest(0.2, cancelled) < 0.2
        assert await pool.call("ok", 1) == 1
        assert pool.stats.busy == 0


async def test_a_handler_that_notices_the_cancellation_keeps_its_worker(kind):
    async with Pool(kind(), 1, grace=30) as pool:
        before = await pool.call("pid", None)
        with anyio.move_on_after(0.1):
            await pool.call("until-cancelled", None)

        assert await pool.call("pid", None) == before
        assert pool.stats.lost == 0


async def test_a_handler_that_ignores_the_cancellation_is_killed_after_the_grace(kind):
    async with Pool(kind(), 1, grace=0.1) as pool:
        before = await pool.call("pid", None)
        with anyio.move_on_after(0.05):
            await pool.call("loop", None)

        assert await pool.call("pid", None) != before


@BOTH
async def test_a_pool_that_is_left_by_an_error_kills_running_calls(
    kind, until, survivors, lifetime
):
    told: list[str] = []

    async def call():
        with pytest.raises(StepError) as caught:
            await pool.call("grandchildren", None)
        told.append(caught.value.kind)

    async with anyio.create_task_group() as tasks:
        with pytest.raises(KeyError, match="left"):  # noqa: PT012 - raised inside on purpose
            async with Pool(kind(lifetime=lifetime), 1) as pool:
                tasks.start_soon(call)
                await until(lambda: len(survivors()) >= 4, 5)
                raise KeyError("left")
        assert survivors() == []
    assert told == ["worker-lost"]


async def test_a_pool_that_is_left_normally_lets_running_calls_finish(kind, until, survivors):
    told: list[object] = []

    async def call():
        told.append(await pool.call("sleep", 0.2))

    async with anyio.create_task_group() as tasks:
        async with Pool(kind(), 1) as pool:
            await pool.call("ok", None)
            tasks.start_soon(call)
            await until(lambda: pool.stats.busy)
        assert survivors() == []
    assert told == [None]


@BOTH
async def test_a_setup_that_hangs_is_killed_at_the_deadline_of_its_call(kind, lifetime):
    async with Pool(kind(setup="pool_work:slow_setup", lifetime=lifetime), 1) as pool:
        assert await quickest(0.45, partial(dead_on, pool, "ok", 0.3)) < 0.45


async def test_a_keeper_that_is_stopped_does_not_save_its_worker(kind, survivors, until):
    async with Pool(kind(), 1) as pool:
        await pool.call("ok", None)
        assert await quickest(0.4, partial(dead_on, pool, "stop-keeper", 0.2)) < 0.4
        assert await pool.call("ok", 1) == 1


async def test_a_worker_that_kills_its_keeper_leaves_nobody(kind, survivors):
    async with Pool(kind(), 1) as pool:
        with pytest.raises(StepError) as told:
            await pool.call("kill-keeper", None)
        assert told.value.kind == "worker-lost"
        assert await pool.call("ok", 1) == 1


@BOTH
async def test_an_idle_worker_that_dies_is_replaced_before_anyone_meets_it(
    kind, until, survivors, lifetime
):
    async with Pool(kind(lifetime=lifetime), 1, check_every=0.05) as pool:
        await pool.call("ok", None)
        for pid in survivors():
            os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.stats.started == 2)

        assert await pool.call("ok", 1) == 1
        assert pool.stats.lost == 1


async def test_a_call_never_goes_to_a_worker_that_is_dead_already(kind, until, survivors):
    async with Pool(kind(), 1, check_every=60) as pool:
        pid = await pool.call("pid", None)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not survivors())

        assert await pool.call("pid", None) != pid


async def test_a_stopped_idle_worker_fails_its_ping_and_is_replaced(kind, until, survivors):
    async with Pool(kind(), 1, check_every=0.05) as pool:
        pid = await pool.call("pid", None)
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: pool.stats.started == 2, 3)
        assert await pool.call("pid", None) != pid


ORPHAN = """
import sys, anyio
from ciranda.executors.pool import Pool, WorkerKind
async def main():
    kind = WorkerKind("test", "pool_work:setup", lifetime=sys.argv[1])
    async with Pool(kind, 2) as pool:
        await pool.call("ok", None)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.call, "grandchildren", None)
            tasks.start_soon(pool.call, "loop", None)
            print("up", flush=True)
anyio.run(main)
"""


@BOTH
def test_when_the_engine_is_killed_its_workers_are_gone_within_a_second(survivors, lifetime):
    env = {
        **os.environ,
        "POOL_MARK": os.environ["POOL_MARK_NOW"],
        "PYTHONPATH": str(Path(__file__).parent),
    }
    command = [sys.executable, "-c", ORPHAN, lifetime]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        engine.stdout.readline()
        end = time.monotonic() + 5
        while len(survivors()) < 7 and time.monotonic() < end:
            time.sleep(0.01)
        found = len(survivors())
        engine.kill()
        start = time.monotonic()
        while survivors() and time.monotonic() < start + 10:
            time.sleep(0.01)

    assert found >= 7
    assert not survivors()
