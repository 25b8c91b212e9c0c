"""What a time limit, a cancellation or a killed engine leaves running: nothing."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.reliability.trials import Forker, prepare

from ciranda.engine import Engine
from ciranda.runs.outcome import RunResult

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="processes cannot be listed"
)

ACTIONS = '''
import subprocess
import time

from ciranda import Context, action, hookimpl


@action("slow.wait")
def wait(seconds: float, ctx: Context) -> str:
    """Wait, and leave a mark when nobody stopped it."""
    time.sleep(seconds)
    (ctx.run.base / "done").touch()
    return "done"


@action("slow.spawn", executor="process")
def spawn(mark: str) -> None:
    """Start a program that starts another, and wait for it."""
    subprocess.run(["/bin/sh", "-c", f"sleep {mark} & sleep {mark}"], check=True)


@hookimpl
def actions() -> list[object]:
    """Offer them."""
    return [wait, spawn]
'''


def alive(mark: str) -> list[int]:
    """Return the sleepers, zombies apart, of this mark."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark.encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                found.append(int(name))
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> bool:
    for _ in range(int(seconds / 0.01)):
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = prepare(tmp_path / "project", "")
    (made / "slow.py").write_text(ACTIONS)
    return made


@pytest.fixture
def mark() -> str:
    return f"6{time.monotonic_ns() % 10**9}.5"


def flow(folder: Path, step: str) -> Path:
    file = folder / "flow.yaml"
    file.write_text(f"ciranda: 1\nplugins: [./slow.py]\nsteps:\n  a: {{{step}}}\n")
    return file


async def run(folder: Path, step: str) -> RunResult:
    async with Engine(store=folder / ".ciranda", durability="off") as engine:
        return await engine.run(flow(folder, step))


@pytest.mark.anyio
async def test_a_thread_is_abandoned_said_so_and_its_step_ends_with_it(folder: Path) -> None:
    began = time.monotonic()
    result = await run(
        folder,
        "uses: slow.wait, executor: thread, timeout: 100ms, with: {seconds: 0.4}, "
        "retry: {attempts: 2, on: [timeout]}",
    )

    error = result.steps["a"]["error"]
    assert error["kind"] == "timeout"
    assert error["detail"]["abandoned"] is True
    assert time.monotonic() - began >= 0.8, "the second attempt began when the first had ended"
    assert (folder / "done").exists()


@pytest.mark.anyio
async def test_a_blocking_action_with_a_time_limit_runs_where_it_can_be_killed(
    folder: Path,
) -> None:
    result = await run(folder, "uses: slow.wait, timeout: 300ms, with: {seconds: 60}")

    assert result.steps["a"]["error"]["kind"] == "timeout"
    assert "abandoned" not in result.steps["a"]["error"]["detail"]
    assert not (folder / "done").exists()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "step",
    [
        "uses: slow.spawn, with: {mark: 'MARK'}",
        "run: [sh, -c, 'sleep MARK & sleep MARK']",
        "run: 'sleep MARK & (sleep MARK & exec setsid sleep MARK)', shell: true",
    ],
    ids=["process", "program", "shell"],
)
@pytest.mark.parametrize("how", ["timeout", "deadline", "cancel"])
async def test_the_whole_tree_is_gone_when_the_step_is_stopped(
    folder: Path, mark: str, step: str, how: str
) -> None:
    step = step.replace("MARK", mark)
    results: list[RunResult] = []

    async def perform(engine: Engine) -> None:
        limit = "" if how == "cancel" else f", {how}: 700ms"
        results.append(await engine.run(flow(folder, step + limit)))

    async with (
        Engine(store=folder / ".ciranda", durability="off") as engine,
        anyio.create_task_group() as group,
    ):
        group.start_soon(perform, engine)
        with anyio.fail_after(10):
            while not alive(mark):  # noqa: ASYNC110  (of another process)
                await anyio.sleep(0.01)
        if how == "cancel":
            engine.cancel("enough")

    gone = eventually(lambda: not alive(mark))
    for pid in alive(mark):
        os.kill(pid, signal.SIGKILL)
    assert gone, "a child of the step outlived it"
    view = results[0].steps["a"]
    if how == "cancel":
        assert view["status"] == "cancelled"
    else:
        assert (view["status"], view["error"]["kind"]) == ("failed", "timeout")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "step",
    # A program that reads its input is known to the warden: who is killed before leaves it behind.
    [
        "uses: slow.spawn, with: {mark: 'MARK'}",
        "run: [sh, -c, 'read go; sleep MARK & sleep MARK'], stdin: go",
    ],
    ids=["process", "program"],
)
def test_nothing_outlives_an_engine_that_was_killed(
    forker: Forker, folder: Path, mark: str, step: str, backend: str
) -> None:
    flow(folder, step.replace("MARK", mark))
    engine = forker.ask("perform", str(folder), backend)
    try:
        assert eventually(lambda: len(alive(mark)) >= 2)

        os.kill(engine, signal.SIGKILL)
        forker.ask("wait", engine)

        assert eventually(lambda: not alive(mark)), "a child outlived the engine"
    finally:
        for pid in alive(mark):
            os.kill(pid, signal.SIGKILL)
