"""One process that has the engine imported and forks for every trial: a run takes milliseconds.

It reads a line of JSON for each order: `perform` starts a child and answers with its pid, `wait`
answers with how a child ended. Children talk through files only, since they may be killed.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio

import ciranda.std.program as _program  # noqa: F401  (imported before the fork)
from ciranda.engine import Engine
from ciranda.errors import CirandaError, ReplayError, RunNotFoundError
from ciranda.runs import launch
from ciranda.runs.outcome import RunResult
from ciranda.store import Durability, Record, SqliteLog


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watched(folder: Path, point: str, number: int) -> SqliteLog:
    """Open the store of a process that kills itself around the n-th commit."""
    log = SqliteLog(folder / ".ciranda", Durability.PROCESS)
    keep, left, inside = log.append, number, False

    def append(run: str, epoch: int, records: Sequence[Record], *more: Any, **named: Any) -> None:
        nonlocal left, inside
        if inside:  # a part of the same commit
            keep(run, epoch, records)
            return
        left -= 1
        if not left and point == "before_commit":
            die()
        inside = True
        keep(run, epoch, records, *more, **named)
        inside = False
        if not left and point == "after_commit":
            die()

    if point:
        log.append = append  # type: ignore[method-assign]  # the child's own
    return log


async def go_on(engine: Engine, file: Path) -> RunResult:
    try:
        row = engine.log.run("last")
    except RunNotFoundError:
        return await engine.run(file)
    if row.status == "succeeded":  # killed after its last commit
        return RunResult(row.id, row.status, {}, {}, (), 0, 0.0, None)
    try:
        return await engine.resume(row.id)
    except ReplayError as error:
        if "never began" not in str(error):
            raise
        return await engine.run(file)


async def main(folder: Path, point: str, number: int) -> None:
    log = watched(folder, point, number)
    async with Engine(store=folder / ".ciranda", durability="process", log=log) as engine:
        result = await go_on(engine, folder / "flow.yaml")
    if result.status != "succeeded":
        raise CirandaError(f"the run has {result.status}")


def perform(folder: str, backend: str, point: str = "", number: int = 0, lease: float = 30) -> None:
    """Go on with the folder's run, or begin it.

    Args:
        folder: Holds `flow.yaml`, and will hold the store.
        backend: `asyncio` or `trio`.
        point: Where it kills itself: `before_commit`, `after_commit`, or nowhere.
        number: Which commit that is.
        lease: Seconds without a heartbeat after which others may take over.
    """
    os.chdir(folder)
    launch.LEASE = lease  # type: ignore[attr-defined]  # trials have less time
    anyio.run(partial(main, Path(folder), point, number), backend=backend)


def child(arguments: list[Any]) -> int:
    """Perform and return the exit code; the sentence of an error is left in a file."""
    try:
        perform(*arguments)
    except CirandaError as error:
        Path(arguments[0], f"said-{os.getpid()}").write_text(str(error))
        return 2
    except BaseException as error:
        traceback.print_exception(error)
        return 1
    return 0


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def serve(warming: str) -> None:
    perform(warming, "asyncio")  # whatever is imported or compiled late is there now
    answer(0)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        if name == "wait":
            answer(os.waitpid(arguments[0], 0)[1])
            continue
        if not (pid := os.fork()):
            os._exit(child(arguments))
        answer(pid)


if __name__ == "__main__":
    serve(sys.argv[1])
