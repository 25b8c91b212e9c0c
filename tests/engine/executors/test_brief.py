"""Watching for an answer for a moment before going to sleep for it."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from ciranda.errors import StepError
from ciranda.executors.pool import Pool
from ciranda.executors.pool.worker.brief import Brief


class Slow:
    """A clock that goes on by a tenth of a millisecond at each look, and what is looked for."""

    def __init__(self, comes: int) -> None:
        self.now = 0.0
        self.looks = 0
        self.comes = comes

    def clock(self) -> float:
        self.now += 0.0001
        return self.now

    def look(self) -> list[int]:
        self.looks += 1
        return [self.looks] if self.looks >= self.comes else []


def test_what_comes_at_once_is_found_each_time():
    source = Slow(comes=1)
    brief = Brief(source.clock)

    assert [brief.watch(source.look) for _ in range(3)] == [[1], [2], [3]]


def test_what_does_not_come_is_watched_for_ever_more_rarely():
    source = Slow(comes=10**9)
    brief = Brief(source.clock)
    watched = []
    for call in range(300):
        before = source.looks
        assert brief.watch(source.look) == []
        if source.looks > before:
            watched.append(call)

    assert watched == [0, 2, 6, 14, 30, 62, 126, 191, 256]


def test_one_who_comes_again_is_watched_for_each_time_again():
    source = Slow(comes=10**9)
    brief = Brief(source.clock)
    while source.looks < 20:
        brief.watch(source.look)
    source.comes = 0
    while not brief.watch(source.look):
        pass

    assert all(brief.watch(source.look) for _ in range(5))


def test_who_worked_for_long_does_not_watch_until_something_has_come():
    source = Slow(comes=1)
    brief = Brief(source.clock, within=0.01)

    assert brief.watch(source.look) == [1]
    source.now += 1.0
    assert brief.watch(source.look) == []
    brief.came()
    assert brief.watch(source.look) == [2]


@pytest.mark.anyio
async def test_calls_that_are_answered_at_once_leave_others_their_turn(kind):
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with Pool(kind(), 1) as pool, anyio.create_task_group() as tasks:
        await pool.call("ok", 0)
        tasks.start_soon(other)
        for number in range(500):
            assert await pool.call("ok", number) == number
        tasks.cancel_scope.cancel()

    assert turns > 1


@pytest.mark.anyio
async def test_a_call_that_tries_our_patience_is_killed_and_others_wait_for_their_turn(kind):
    async with Pool(kind(), 1) as pool:
        with pytest.raises(StepError, match=r"'loop' was killed after its 0\.05 seconds") as told:
            await pool.call("loop", None, patience=0.05)
        assert told.value.kind == "timeout"
        assert await pool.call("ok", 1, patience=5.0) == 1
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.call, "sleep", 0.15)
            await anyio.sleep(0.05)
            assert await pool.call("ok", 2, patience=0.1) == 2  # in line it needs none
    assert (pool.stats.failed, pool.stats.lost) == (1, 1)
