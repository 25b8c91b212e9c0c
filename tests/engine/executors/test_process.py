"""Actions in worker processes: what they get, how they fail, who is left."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from ciranda import action
from ciranda.context import Context, RunInfo
from ciranda.events import StepProgressed
from ciranda.executors.process import ProcessExecutor
from ciranda.layer import Call
from ciranda.testing import Harness, harness

pytestmark = pytest.mark.anyio

ACTS = """
    import ctypes, os, resource, signal, subprocess, sys, time
    from ciranda import Context, StepError, action, hookimpl

    def process(function):
        return action(f"t.{function.__name__}", executor="process")(function)

    @process
    def double(n: int) -> int:
        return 2 * n

    @process
    async def later(n: int) -> int:
        import anyio

        await anyio.sleep(0.001)
        return n

    @process
    def pid() -> int:
        return os.getpid()

    @process
    def die(how: str) -> None:
        if how == "segfault":
            ctypes.string_at(0)
        elif how == "exit":
            os._exit(3)
        elif how == "leave":
            sys.exit("enough of this")
        elif how == "memory":
            resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
            bytearray(1 << 30)
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    @process
    def give(what: str) -> object:
        return {"open file": sys.stdout, "huge": b"x" * 20_000_000, "text": "many"}[what]

    @action("t.context", executor="process", secrets=["token"])
    def context(*, ctx: Context) -> dict:
        ctx.progress(1, 2, "half")
        ctx.used(tokens=3)
        print("printed")
        return {
            "token": ctx.secret("token").upper(),
            "masked": ctx.mask(f"<{ctx.secret('token')}>"),
            "env": dict(ctx.env),
            "key": ctx.key == f"{ctx.run.id}:{ctx.path}",
            "attempt": ctx.attempt,
            "left": ctx.remaining(),
        }

    @process
    def undeclared(*, ctx: Context) -> str:
        return ctx.secret("token")

    @process
    def family(note: str) -> None:
        subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            time.sleep(600)
        with open(note, "w") as file:
            file.write("ready")
        time.sleep(600)

    @hookimpl
    def actions():
        return [context, die, double, family, give, later, pid, undeclared]
"""


@asynccontextmanager
async def acting(folder: Path, **options: Any) -> AsyncIterator[Harness]:
    (folder / "acts.py").write_text(dedent(ACTS))
    async with harness(folder=folder, **options) as h:
        yield h


def flow(*steps: str, head: str = "") -> str:
    lines = "".join(f"  {step}\n" for step in steps)
    return f"ciranda: 1\nname: w\nplugins: [./acts.py]\n{head}steps:\n{lines}"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_sync_and_async_functions_work_in_a_process_that_lives_on(tmp_path: Path) -> None:
    text = flow(
        "a: {uses: t.double, with: {n: 4}}",
        "b: {uses: t.later, with: {n: 5}}",
        "c: {uses: t.pid}",
    )

    async with acting(tmp_path) as h:
        first, second = await h.run(text), await h.run(text)
        workers = h.engine._executors["process"]._pool.stats

    assert [first.steps[one]["output"] for one in "ab"] == [8, 5]
    assert first.steps["c"]["output"] != os.getpid()
    assert second.ok
    assert (workers.calls, workers.failed, workers.lost) == (6, 0, 0)


FATES = {
    "kill": ("worker-lost", "worker 'actions' was killed by SIGKILL during 't.die'"),
    "segfault": ("worker-lost", "worker 'actions' was killed by SIGSEGV during 't.die'"),
    "exit": ("worker-lost", "worker 'actions' ended with exit code 3 during 't.die'"),
    "leave": ("worker-lost", "worker 'actions' ended with exit code 1 during 't.die'"),
    "memory": ("memory", "MemoryError"),
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_workers_that_die_take_their_own_steps_only(tmp_path: Path) -> None:
    text = flow(
        *(
            f"{how}: {{uses: t.die, with: {{how: {how}}}, continue-on-error: true}}"
            for how in FATES
        ),
        "others: {map: '${{ range(20) }}', uses: t.double, with: {n: '${{ item }}'}}",
        "after: {uses: t.double, needs: [kill, exit], if: '${{ always() }}', with: {n: 3}}",
    )

    async with acting(tmp_path) as h:
        steps = (await h.run(text)).steps

    assert {
        how: (steps[how]["error"]["kind"], steps[how]["error"]["message"]) for how in FATES
    } == FATES
    assert steps["others"]["output"] == list(range(0, 40, 2))
    assert steps["after"]["output"] == 6


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_what_cannot_travel_is_refused_with_one_sentence(tmp_path: Path) -> None:
    text = flow(
        "a: {uses: t.give, with: {what: open file}, continue-on-error: true}",
        "b: {uses: t.give, with: {what: huge}, continue-on-error: true}",
        "c: {uses: t.give, with: {what: nothing}, continue-on-error: true}",
        "text: {uses: t.give, with: {what: text}}",
        "d: {uses: t.double, with: {n: '${{ steps.text.output }}'}, continue-on-error: true}",
    )

    async with acting(tmp_path) as h:
        steps = (await h.run(text)).steps

    told = {
        name: (steps[name]["error"]["kind"], steps[name]["error"]["message"]) for name in "abcd"
    }
    assert told["a"][0] == "invalid-output"
    assert "output is a _io.TextIOWrapper" in told["a"][1]
    assert told["b"] == (
        "limit",
        "the result of 't.give' is 20,000,017 bytes, above the cap of 16,777,215: "
        "write it to a file and pass its path on",
    )
    assert told["c"][0] == "crash"
    assert told["c"][1].startswith("KeyError: 'nothing'")
    assert told["d"][0] == "invalid-input"
    assert all("\n" not in message for _, message in told.values())


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
async def test_a_worker_knows_its_run_and_the_secrets_that_it_declares(tmp_path: Path) -> None:
    text = flow(
        "a: {uses: t.context, timeout: 60s, env: {PLACE: here}}",
        "b: {uses: t.undeclared, continue-on-error: true}",
        head="secrets: {token: {env: TOKEN}}\n",
    )

    async with acting(tmp_path, environ={"TOKEN": "hush-hush"}) as h:
        result = await h.run(text)
        (progress,) = h.events(StepProgressed)
        output = b"".join(one.data for one in h.engine.log.output(result.run_id))

    steps = result.steps
    told = steps["a"]["output"]
    assert 0 < told.pop("left") <= 60
    assert told == {
        "token": "HUSH-HUSH",
        "masked": "<***>",
        "env": {"PLACE": "here"},
        "key": True,
        "attempt": 1,
    }
    assert (progress.done, progress.total, progress.text) == (1, 2, "half")
    assert output == b"printed\n"
    assert steps["b"]["error"]["kind"] == "secret"
    assert "@action(..., secrets=['token'])" in steps["b"]["error"]["message"]


@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_a_step_that_is_stopped_leaves_nobody(
    tmp_path: Path, how: str, survivors: Callable[[], list[int]], monkeypatch: Any, until: Any
) -> None:
    monkeypatch.setenv("POOL_MARK", os.environ["POOL_MARK_NOW"])  # workers inherit it
    note = tmp_path / "note"
    limit = ", timeout: 500ms" if how == "timeout" else ""
    text = flow(f"a: {{uses: t.family, with: {{note: {note}}}{limit}}}")

    async with acting(tmp_path) as h, anyio.create_task_group() as group:

        async def stop() -> None:
            await until(note.exists, 20)
            h.engine.cancel("no more")

        if how == "cancel":
            group.start_soon(stop)
        result = await h.run(text)

    assert survivors() == []
    assert result.status == ("failed" if how == "timeout" else "cancelled")
    assert note.exists() or how == "timeout"


async def test_a_call_cancelled_at_any_moment_of_the_pools_opening_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ciranda_square.py").write_text(
        dedent("""
        from ciranda import action, hookimpl

        @action("square.of")
        def of(n: int) -> int:
            return n * n

        @hookimpl
        def actions():
            return [of]
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    @action("square.of")
    def of(n: int) -> int:
        raise AssertionError("the worker has another one")

    def call(n: int) -> Call:
        return Call({"n": n}, _no_context, "a", 1, {})

    for moment in range(1, 6):
        async with anyio.create_task_group() as group:
            executor = ProcessExecutor(lambda _: {"module": "ciranda_square"}, group, 1)
            core: Callable[..., Any] = executor.core(of)
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(core, call(2))
                for _ in range(moment):
                    await anyio.lowlevel.checkpoint()
                cancelled.cancel_scope.cancel()

            with anyio.fail_after(20):
                assert await core(call(3)) == 9
                await executor.close()


def _no_context(call: Call) -> Context:
    return Context(None, RunInfo("r"), "a", "a")  # type: ignore[arg-type]  # nobody asks it


async def test_an_executor_that_was_never_used_closes_at_once() -> None:
    async with anyio.create_task_group() as group:
        executor = ProcessExecutor(lambda _: {}, group)
        assert executor.size == os.cpu_count()
        await executor.close()
