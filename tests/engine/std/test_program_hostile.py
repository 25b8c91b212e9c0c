"""`program.run` with hostile values and programs that do not want to end."""

import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from ciranda.errors import StepError
from ciranda.std.program import run

pytestmark = pytest.mark.anyio

PYTHON = sys.executable


async def python(code: str, *words: Any, **options: Any) -> dict[str, Any]:
    out: dict[str, Any] = await run([PYTHON, "-I", "-S", "-c", code, *words], **options)
    return out


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110  (other processes set no event)
            await anyio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


METACHARACTERS = [
    "$(touch {})",
    "`touch {}`",
    "; touch {}",
    "& touch {}",
    "&& touch {}",
    "|| touch {}",
    "| touch {}",
    "\ntouch {}",
    "\r\ntouch {}",
    "' ; touch {} ; '",
    '" ; touch {} ; "',
    "'; touch {} #",
    '"$(touch {})"',
    "${{IFS}}touch${{IFS}}{}",
    "$(<{}) touch {}",
    ">{}",
    ">>{}",
    "2>{}",
    "&>{}",
    "<(touch {})",
    "\\; touch {}",
    "--option=$(touch {})",
    "-c 'touch {}'",
    "~; touch {}",
    "*; touch {}",
    "{{a,touch}} {}",
    "$'\\n'touch {}",
    "%0atouch {}",
    "\u2028touch {}",
    "\x0btouch {}",
    "!touch {}",
    "#\ntouch {}",
    "$((`touch {}`))",
    "$[$(touch {})]",
    "a=`touch {}`",
    "() {{ :; }}; touch {}",
    "eval touch {}",
    "exec touch {}",
    "@(touch {})",
    "\\$(touch {})",
]


@pytest.mark.parametrize("wrapping", ["{}", "x{}", "{} x", "'{}'", '"{}"'])
async def test_no_value_ever_runs_as_a_command(wrapping, tmp_path):
    """40 metacharacter payloads in each of 5 wrappings: 200 strings, executed 0 times."""
    marker = tmp_path / "executed"
    hostile = [wrapping.format(text.format(marker, marker)) for text in METACHARACTERS]
    code = "import sys, json; json.dump([sys.argv[1:], sys.stdin.read()], sys.stdout)"

    as_words = await python(code, *hostile, stdin="".join(hostile), parse="json")
    as_text = await run(
        None,
        shlex.join([PYTHON, "-I", "-S", "-c", code, *hostile]),
        stdin="",
        parse="json",
    )
    in_env = await run(
        None,
        'for n in $NAMES; do printenv "$n" || exit 1; done',
        shell=True,
        env={f"V{n}": text for n, text in enumerate(hostile)}
        | {"NAMES": " ".join(f"V{n}" for n in range(len(hostile)))},
    )

    assert as_words["data"] == [hostile, "".join(hostile)]
    assert as_text["data"][0] == hostile
    assert in_env["stdout"] == "".join(f"{text}\n" for text in hostile)
    assert not marker.exists()
    assert len(hostile) * 5 == 200


GRANDCHILDREN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pids = [os.getpid()]
def child(leave):
    if (pid := os.fork()) == 0:
        if leave: os.setsid()
        signal.pause() if not leave else time.sleep(600)
    pids.append(pid)
child(False); child(True)
import json
path = sys.argv[1]
with open(path + ".tmp", "w") as file: json.dump(pids, file)
os.rename(path + ".tmp", path)
time.sleep(600)
"""


async def test_a_program_that_sleeps_for_ever_is_killed_with_its_grandchildren(tmp_path):
    marker = tmp_path / "pids"

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(python, GRANDCHILDREN, str(marker))
            await until(marker.exists)
            start = time.monotonic()
            tasks.cancel_scope.cancel()

    assert time.monotonic() - start < 8
    pids = json.loads(marker.read_text())
    assert len(pids) == 3
    await until(lambda: not any(map(alive, pids)))


async def test_a_program_may_tidy_up_when_it_is_cancelled(tmp_path):
    ready, marker = tmp_path / "ready", tmp_path / "tidied"
    script = f"trap 'touch {marker}; exit 1' TERM; touch {ready}; while :; do sleep 0.02; done"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: run(None, script, shell=True))
        await until(ready.exists)
        tasks.cancel_scope.cancel()

    assert marker.exists()


async def test_what_a_program_leaves_in_the_background_ends_with_it():
    start = time.monotonic()

    out = await run(None, "sleep 600 & echo $!; sleep 600 >/dev/null 2>&1 & echo $!", shell=True)

    assert time.monotonic() - start < 60
    pids = [int(line) for line in out["stdout"].split()]
    await until(lambda: not any(map(alive, pids)))


async def test_nothing_is_left_open():
    await run(["true"])
    before = os.listdir("/proc/self/fd")

    for _ in range(5):
        await run(["cat"], stdin="x")
        with contextlib.suppress(StepError):
            await run(["nope-nope"])
        with anyio.move_on_after(0.05):
            await run(["sleep", "60"])

    assert len(os.listdir("/proc/self/fd")) == len(before)
