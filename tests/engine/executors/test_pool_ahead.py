"""Children that are forked before their call comes: one call each, as ever, and none in the way."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import anyio
import pytest

from ciranda.errors import PoolError, StepError
from ciranda.executors.descendants import descendants
from ciranda.executors.pool import Exit, Pool, TreeLimits
from ciranda.executors.pool.worker import spare

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not spare.can_wait(), reason="the kernel does not list children"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # what is tested is another process


@pytest.fixture
def ahead(kind, measured):
    def make(**options):
        return kind(
            **{
                "lifetime": "fork",
                "ahead": True,
                "setup": "pool_work:ahead",
                "argv": measured,
            }
            | options
        )

    return make


async def waiting(pool: Pool, until) -> tuple[int, int]:
    """Return the keeper of a pool and the child that waits there."""
    keeper = await pool.call("keeper", None)
    await until(lambda: len(list(descendants(keeper))) == 1)
    return keeper, next(descendants(keeper))


async def test_each_call_has_a_process_of_its_own_that_began_before_it(ahead, until):
    async with Pool(ahead(), 1) as pool:
        for _ in range(3):
            _, next_one = await waiting(pool, until)
            await anyio.sleep(0.05)
            asked = time.monotonic()
            pid, began = await pool.call("began", None)

            assert pid == next_one
            assert [each for each, _ in began] == [pid]
            assert began[0][1] < asked


async def test_calls_that_follow_at_once_wait_for_their_process(ahead):
    async with Pool(ahead(), 1) as pool:
        answers = [await pool.call("began", None) for _ in range(20)]

        assert pool.stats.started == 1
    assert len({pid for pid, _ in answers}) == 20
    assert all([each for each, _ in began] == [pid] for pid, began in answers)


async def test_what_a_call_leaves_is_killed_and_who_waits_is_not(ahead, until, survivors):
    async with Pool(ahead(), 1) as pool:
        _, before = await waiting(pool, until)
        daemon = await pool.call("daemon", None)
        _, after = await waiting(pool, until)

        assert daemon not in survivors()
        assert before != after
        assert len(survivors()) == 2  # the keeper, and who waits


async def test_who_waits_does_not_count_for_who_works(ahead):
    async with Pool(ahead(), 1) as pool:
        ended = await pool.run("become", ["/bin/sleep", "0.15"], limits=TreeLimits(1, 64))
        over = await pool.run("swarm", 12, limits=TreeLimits(processes=8))

        assert ended == Exit(0)
        assert (over.signal, over.over) == (signal.SIGKILL, "processes")
        assert await pool.run("ok", 1) == Exit(0, value=1)


async def test_who_dies_waiting_is_replaced(ahead, until):
    async with Pool(ahead(), 1) as pool:
        keeper, first = await waiting(pool, until)
        os.kill(first, signal.SIGKILL)
        await until(lambda: list(descendants(keeper)) not in ([first], []))

        assert await pool.call("ok", 1) == 1
        _, stopped = await waiting(pool, until)
        os.kill(stopped, signal.SIGSTOP)
        with pytest.raises(StepError, match=r"'ok' was killed after its 0[.]2 seconds"):
            await pool.call("ok", 1, deadline=0.2)
        assert await pool.call("ok", 2) == 2
        assert pool.stats.started == 1


async def test_whoever_cannot_begin_says_why(ahead):
    async with Pool(ahead(options="broken"), 1) as pool:
        with pytest.raises(PoolError, match=r"^worker 'test' cannot start: RuntimeError: no luck"):
            await pool.call("ok", None)


def ended(pid):
    """Tell whether a process has closed everything, its end of sockets too.

    A thread that is still on its way out holds them, although its process is a zombie.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except FileNotFoundError:
        return True


async def test_a_keeper_that_is_killed_takes_who_waits_along(ahead, until, survivors):
    async with Pool(ahead(), 1) as pool:
        keeper, _ = await waiting(pool, until)
        os.kill(keeper, signal.SIGKILL)
        await until(lambda: survivors() == [] and ended(keeper))

        assert await pool.call("ok", 1) == 1


async def test_a_call_that_a_dead_keeper_never_heard_of_goes_to_another(ahead, until, survivors):
    async with Pool(ahead(), 1) as pool:
        keeper, _ = await waiting(pool, until)

        def kill() -> None:  # between the last look at it and the call
            os.kill(keeper, signal.SIGKILL)
            while not ended(keeper):
                time.sleep(0.001)

        first = [True]

        def on_start() -> None:
            if first:
                first.clear()
                kill()

        assert await pool.call("ok", 1, on_start=on_start) == 1
        assert pool.stats.failed == 0
        assert pool.stats.lost == 1


async def test_without_children_ahead_nobody_begins(ahead):
    async with Pool(ahead(ahead=False, options="broken"), 1) as pool:
        _, began = await pool.call("began", None)

    assert began == []
