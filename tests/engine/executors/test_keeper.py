"""The process that keeps a worker: whom it starts, tells, kills and buries."""

from __future__ import annotations

import os
import signal
from typing import Any

import anyio
import pytest

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Pool, Recycle

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # what is tested is another process


@pytest.fixture
def forking(kind, measured):
    def make(**options):
        return kind(**{"lifetime": "fork", "argv": measured} | options)

    return make


async def failed(pool: Pool, name: str, payload: object = None, **options) -> StepError:
    with pytest.raises(StepError) as told:
        await pool.call(name, payload, **options)
    return told.value


async def test_one_keeper_serves_calls_of_every_fate(forking):
    async with Pool(forking(), 1) as pool:
        assert await pool.call("ok", {"a": [1, 2.5, b"x", None]}) == {"a": [1, 2.5, b"x", None]}
        kinds = {
            name: (error.kind, error.retryable)
            for name in ("raise", "step-error", "exit", "segfault", "open-file", "huge", "no-such")
            for error in [await failed(pool, name)]
        }
        assert (await pool.call("ok", 7), pool.stats.started) == (7, 1)

    assert kinds == {
        "raise": ("crash", None),
        "step-error": ("shop.closed", True),
        "exit": ("worker-lost", True),
        "segfault": ("worker-lost", True),
        "open-file": ("invalid-output", False),
        "huge": ("limit", False),
        "no-such": ("crash", None),
    }


async def test_a_call_tells_its_events_in_order_and_its_output(forking):
    heard: list[Any] = []

    async with Pool(forking(), 1) as pool:
        assert await pool.call("talk", None, on_event=heard.append) == "ok"

    told = [type(frame).__name__ for frame in heard if getattr(frame, "level", "") != "stdout"]
    assert [name for name in told if name != "Log"] == ["Event", "Progress", "Span"]
    output = "".join(frame.text for frame in heard if getattr(frame, "level", "") == "stdout")
    assert output == "printed\nfrom a child\n"


async def test_what_a_call_left_behind_is_dead_before_its_end_is_told(forking, survivors):
    async with Pool(forking(), 1) as pool:
        daemon = await pool.call("daemon", None)
        lost = await failed(pool, "daemon-exit")

        assert daemon not in survivors()
        assert lost.detail["exit_code"] == 0


async def test_a_call_that_is_given_up_is_killed_with_its_children_and_the_keeper_stays(forking):
    async with Pool(forking(), 1) as pool:
        assert (await failed(pool, "grandchildren", deadline=0.3)).kind == "timeout"
        assert await pool.call("ok", 1) == 1
        assert pool.stats.started == 1


async def test_a_call_hears_that_it_is_cancelled(forking):
    async with Pool(forking(), 1, grace=30) as pool:
        with anyio.move_on_after(0.2):
            await pool.call("until-cancelled", None)

        assert await pool.call("ok", 1) == 1
        assert pool.stats.started == 1


async def test_an_idle_keeper_answers_its_pings(forking, until):
    async with Pool(forking(), 1, warm=1, check_every=0.01) as pool:
        await until(lambda: pool.stats.idle, 20)
        await anyio.sleep(0.1)  # some pings

        assert await pool.call("ok", 1) == 1
        assert (pool.stats.started, pool.stats.lost) == (1, 0)


@pytest.mark.parametrize("broken", ["setup", "confine"])
async def test_a_keeper_passes_on_why_its_worker_cannot_begin(forking, broken):
    async with Pool(forking(**{broken: "pool_work:broken_setup"}), 1) as pool:
        with pytest.raises(PoolError, match=r"^worker 'test' cannot start: RuntimeError: no mod"):
            await pool.call("ok", None)


async def test_a_child_that_serves_many_calls_is_reported_and_replaced_when_it_dies(forking):
    async with Pool(forking(lifetime="reuse", recycle=Recycle(calls=4)), 1) as pool:
        first = await pool.call("pid", None)
        lost = await failed(pool, "die", signal.SIGKILL)
        second = await pool.call("pid", None)
        left = await failed(pool, "exit")

    assert first != second
    assert (lost.kind, lost.detail["signal"]) == ("worker-lost", "SIGKILL")
    assert str(lost) == "worker 'test' was killed by SIGKILL during 'die'"
    assert (left.kind, left.detail["exit_code"]) == ("worker-lost", 3)


async def test_a_call_that_exits_with_a_text_leaves_it_on_stderr(forking):
    async with Pool(forking(), 1) as pool:
        lost = await failed(pool, "exit", "enough")

    assert lost.detail == {"exit_code": 1, "stderr": "enough\n"}


async def test_a_keeper_that_is_told_to_end_kills_what_it_keeps(forking, survivors, until):
    async with Pool(forking(), 1) as pool:
        keeper = await pool.call("keeper", None)
        async with anyio.create_task_group() as group:

            async def call() -> None:
                assert (await failed(pool, "grandchildren")).kind == "worker-lost"
                assert survivors() == []

            group.start_soon(call)
            await until(lambda: len(survivors()) >= 4, 10)  # keeper, child, two below
            os.kill(keeper, signal.SIGTERM)
        assert await pool.call("ok", 1) == 1
