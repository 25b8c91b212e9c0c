"""Actions in threads: their places, and what becomes of a call that is cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from ciranda import Context, StepError, action
from ciranda.context import RunInfo
from ciranda.executors.arguments import Arguments
from ciranda.executors.thread import ThreadExecutor
from ciranda.executors.worker import WorkerHost
from ciranda.layer import ABANDONED, Call

pytestmark = pytest.mark.anyio


class NoResources:
    async def get(self, resource: Any, ctx: Any) -> Any:
        raise AssertionError("nobody asks for one")

    async def close(self, scope: Any, holder: str = "") -> None: ...


class Quiet(WorkerHost):
    def __init__(self) -> None:
        self.thread = threading.get_ident()


def make_call(**inputs: Any) -> Call:
    host = Quiet()
    return Call(inputs, lambda call: Context(host, RunInfo("r"), "a", "a"), "a", 1, {})


def in_thread(function: Callable[..., Any], size: int = 1) -> Callable[..., Any]:
    return ThreadExecutor(Arguments(NoResources()), size).core(action("t.a")(function))


async def test_a_function_works_in_a_thread_of_its_own_and_its_answer_is_plain() -> None:
    def where(n: int) -> tuple[int, int]:
        return n, threading.get_ident()

    first, thread = await in_thread(where)(make_call(n=7))

    assert first == 7
    assert thread != threading.get_ident()


async def test_what_a_function_raises_or_cannot_return_gives_its_place_back() -> None:
    def fail(how: str) -> Any:
        if how == "raise":
            raise LookupError("as told")
        return 1j

    core = in_thread(fail)
    for _ in range(3):
        with pytest.raises(LookupError, match="as told"):
            await core(make_call(how="raise"))
        with pytest.raises(StepError, match="output is a complex"):
            await core(make_call(how="return"))
        with pytest.raises(StepError, match="how"):
            await core(make_call(how=5))


async def test_no_more_work_at_once_than_there_are_places() -> None:
    working: list[int] = []
    most: list[int] = []

    def work(n: int) -> None:
        working.append(n)
        most.append(len(working))
        time.sleep(0.01)
        working.remove(n)

    core = in_thread(work, size=2)
    async with anyio.create_task_group() as group:
        for n in range(8):
            group.start_soon(core, make_call(n=n))

    assert max(most) <= 2
    assert len(most) == 8


async def test_a_cancelled_call_leaves_at_once_and_its_thread_keeps_the_place() -> None:
    began, go = threading.Event(), threading.Event()
    order: list[str] = []

    def work(name: str, *, ctx: Context) -> None:
        if name == "first":
            began.set()
            go.wait(10)
            order.append(f"first hears {ctx.cancelled}")
        order.append(name)

    core = in_thread(work)
    first, second = make_call(name="first"), make_call(name="second")
    async with anyio.create_task_group() as group:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(core, first)
                await anyio.to_thread.run_sync(began.wait, 10)
                cancelled.cancel_scope.cancel()
            ended = first.notes[ABANDONED]
            assert not ended.is_set()

            group.start_soon(core, second)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            assert order == []

            go.set()
            await ended.wait()

    assert order == ["first hears True", "first", "second"]
    assert ABANDONED not in second.notes


async def test_a_call_that_is_cancelled_while_it_waits_for_a_place_takes_none() -> None:
    began, go = threading.Event(), threading.Event()
    names: list[str] = []

    def work(name: str) -> None:
        names.append(name)
        began.set()
        go.wait(10)

    core = in_thread(work)
    waiting = make_call(name="waiting")
    async with anyio.create_task_group() as group:
        group.start_soon(core, make_call(name="first"))
        await anyio.to_thread.run_sync(began.wait, 10)
        async with anyio.create_task_group() as cancelled:
            cancelled.start_soon(core, waiting)
            await anyio.lowlevel.checkpoint()
            cancelled.cancel_scope.cancel()
        go.set()

    await core(make_call(name="last"))
    assert names == ["first", "last"]
    assert waiting.notes == {}


@pytest.mark.parametrize("moment", range(10))
async def test_a_call_cancelled_at_any_moment_gives_its_place_back(moment: int) -> None:
    def work() -> str:
        return "done"

    core = in_thread(work)
    call = make_call()
    async with anyio.create_task_group() as group:
        group.start_soon(core, call)
        for _ in range(moment):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    with anyio.fail_after(10):
        if ABANDONED in call.notes:
            await call.notes[ABANDONED].wait()
        assert await core(make_call()) == "done"


def test_a_thread_that_outlives_its_loop_ends_quietly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    began, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go.wait(10)
        ended.set()

    async def main() -> None:
        core = in_thread(work)
        async with anyio.create_task_group() as group:
            group.start_soon(core, make_call())
            await anyio.to_thread.run_sync(began.wait, 10)
            group.cancel_scope.cancel()

    anyio.run(main, backend="trio")
    go.set()

    assert ended.wait(10)
    assert capsys.readouterr().err == ""


def test_a_thread_that_was_given_up_ends_though_its_loop_does_not_listen_any_more() -> None:
    started, going, threads = threading.Event(), threading.Event(), []

    def stuck() -> None:
        threads.append(threading.current_thread())
        started.set()
        going.wait(30)

    async def give_up() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread(stuck), make_call())
            await anyio.to_thread.run_sync(started.wait)
            group.cancel_scope.cancel()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(give_up())
    going.set()
    for thread in threads:
        thread.join(5)
    loop.close()

    assert [thread.is_alive() for thread in threads] == [False]
