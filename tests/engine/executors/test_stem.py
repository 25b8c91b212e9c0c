"""Interpreters that are started before it is known what they will work on."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import pytest

from ciranda.executors.pool import Pool, Stems

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving() -> AsyncIterator[Stems]:
    stems = Stems()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stems.serve)
            yield stems
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stems.close)


async def test_the_next_worker_of_any_pool_was_started_already(kind, survivors, until):
    async with serving() as stems, Pool(kind(lifetime="fork"), 1, stems=stems) as first:
        before = await first.call("keeper", None)
        await until(lambda: stems.ready)
        (ahead,) = {pid for pid in survivors() if pid != before}
        async with Pool(kind(name="other"), 1, stems=stems) as second:
            assert await second.call("keeper", None) == ahead
            assert await second.call("ok", [1]) == [1]
    assert survivors() == []


async def test_one_of_another_making_is_left_alone(kind, survivors, until):
    async with serving() as stems:
        async with Pool(kind(), 1, stems=stems) as pool:
            await pool.call("ok", 1)
            await until(lambda: stems.ready)
        (ahead,) = survivors()
        other = kind(env={**kind().env, "LANG": "C"})
        async with Pool(other, 1, stems=stems) as pool:
            assert await pool.call("keeper", None) != ahead
            await until(lambda: ahead not in survivors())  # what is started last is wanted next
    assert survivors() == []


async def test_one_that_was_killed_meanwhile_is_not_used(kind, survivors, until):
    async with serving() as stems, Pool(kind(), 1, stems=stems) as pool:
        await pool.call("ok", 1)
        before = set(survivors())
        await until(lambda: stems.ready)
        (ahead,) = set(survivors()) - before
        os.kill(ahead, signal.SIGKILL)
        await until(lambda: ahead not in survivors())
        async with Pool(kind(), 1, stems=stems) as other:
            assert await other.call("ok", 2) == 2
    assert survivors() == []


async def test_one_that_cannot_start_is_no_concern_of_who_did(kind):
    async with serving() as stems, Pool(kind(), 1, stems=stems) as pool:
        assert await pool.call("ok", 1) == 1
        stems.order(kind(argv=("/no/such/interpreter",)))
        await anyio.sleep(0.3)
        assert not stems.ready
        assert await pool.call("ok", 2) == 2
