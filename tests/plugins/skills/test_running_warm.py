"""Warm processes: fast, shared on purpose, never stale, and no crash hurts another call."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Runner, Status

from .running_fixtures import anyio_backend, runner, skill
from .running_stage import reread

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def short_lived(tmp_path: Path) -> AsyncIterator[Runner]:
    async with Runner(slots=2, warm_calls=3) as made:
        yield made


async def pid(runner: Runner, skill: Skill) -> int:
    outcome = await runner.run(skill, "pid", warm=True)
    assert outcome.ok, outcome
    return int(outcome.json)


PID = {"scripts/pid.py": "import os\ndef execute():\n    return os.getpid()\n"}


async def test_one_process_serves_many_runs_and_keeps_its_state(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill(
        PID | {"scripts/count.py": "N = []\ndef execute():\n    N.append(1)\n    return len(N)\n"}
    )

    pids = {await pid(runner, made) for _ in range(5)}
    counts = [(await runner.run(made, "count", warm=True)).json for _ in range(3)]

    assert len(pids) == 1
    assert counts == [1, 2, 3]


async def test_a_script_runs_from_its_beginning_each_time(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = """
        import sys
        seen = globals().get("seen", 0) + 1
        print(seen, sys.argv[1:], sys.stdin.read())
        sys.exit(len(sys.argv) - 1)
    """
    made = skill({"scripts/main.py": program})

    first = await runner.run(made, None, ["a"], b"in", warm=True)
    second = await runner.run(made, warm=True)
    third = await runner.run(made, None, ["b", "c"], b"more", warm=True)

    assert (first.stdout, first.exit_code) == ("1 ['a'] in\n", 1)
    assert (second.stdout, second.exit_code) == ("1 [] \n", 0)
    assert (third.stdout, third.exit_code) == ("1 ['b', 'c'] more\n", 2)
    assert [first.status, second.status] == [Status.FAILED, Status.OK]


async def test_an_edited_skill_is_never_served_stale(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "from lib import X\ndef execute():\n    return X\n"})
    answers = []

    for number in range(4):
        (made.root / "scripts/lib.py").write_text(f"X = {number}\n")  # the same size each time
        answers.append((await runner.run(made, "main", warm=True)).json)

    assert answers == [0, 1, 2, 3]


async def test_a_new_script_is_seen_at_once(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": "print('script')"})
    before = await runner.run(made, warm=True)

    (made.root / "scripts/main.py").write_text("def execute():\n    return 'function'\n")

    assert (before.stdout, (await runner.run(reread(made.root), warm=True)).json) == (
        "script\n",
        "function",
    )


ENDS = {
    "exit": ("os._exit(5)", Status.FAILED, 5, None),
    "kill": ("os.kill(os.getpid(), 9)", Status.FAILED, None, 9),
    "segfault": ("__import__('ctypes').string_at(0)", Status.FAILED, None, 11),
    "hang": ("__import__('time').sleep(600)", Status.TIMEOUT, None, 9),
    "memory": ("bytearray(1 << 33)", Status.KILLED_MEMORY, 1, None),
    "interrupt": ("os.kill(os.getpid(), 2)", Status.FAILED, 1, None),
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize(("act", "status", "code", "signal"), ENDS.values(), ids=ENDS.keys())
async def test_a_crash_hurts_its_own_call_only(
    runner: Runner,
    skill: Callable[..., Skill],
    act: str,
    status: Status,
    code: int | None,
    signal: int | None,
) -> None:
    made = skill(
        PID | {"scripts/bad.py": f"import os\ndef execute():\n    print('on')\n    {act}\n"}
    )
    first = await pid(runner, made)

    bad = await runner.run(made, "bad", warm=True, timeout=0.5)

    assert (bad.status, bad.exit_code, bad.signal) == (status, code, signal)
    assert bad.stdout == "on\n"
    assert await pid(runner, made) != first


HARMLESS = {
    "exits": "raise SystemExit(3)",
    "raises": "1 / 0",
    "recurses": "def f(): f()\n    f()",
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize("act", HARMLESS.values(), ids=HARMLESS.keys())
async def test_an_error_keeps_the_process(
    runner: Runner, skill: Callable[..., Skill], act: str
) -> None:
    made = skill(PID | {"scripts/bad.py": f"def execute():\n    {act}\n"})
    first = await pid(runner, made)

    bad = await runner.run(made, "bad", warm=True)

    assert bad.status is Status.FAILED
    assert await pid(runner, made) == first


DIRTY = {
    "thread": "import threading, time\n"
    "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "descriptor": "os.open('/dev/null', os.O_RDONLY)",
    "signal": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "exit": "import atexit; atexit.register(print, 'late')",
    "stdout": "import sys, io; sys.stdout = io.StringIO()",
    "no stdout": "import sys; sys.stdout = None",
    "closed stderr": "os.close(2)",
    "hook": "import sys; sys.excepthook = print",
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize("act", DIRTY.values(), ids=DIRTY.keys())
async def test_who_leaves_something_behind_is_the_last_of_its_process(
    runner: Runner, skill: Callable[..., Skill], act: str
) -> None:
    made = skill(PID | {"scripts/bad.py": f"import os\ndef execute():\n    {act}\n"})
    first = await pid(runner, made)

    await runner.run(made, "bad", warm=True)

    assert await pid(runner, made) != first


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
async def test_a_process_retires_after_its_runs(
    short_lived: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill(PID)

    pids = [await pid(short_lived, made) for _ in range(9)]
    short_lived.forget(made)

    assert len(set(pids)) >= 3
    assert max(map(pids.count, pids)) <= 3


async def test_processes_are_added_while_they_are_needed(
    short_lived: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill(
        {
            "scripts/main.py": "import os, time\ndef execute():\n    time.sleep(.1)\n"
            "    return os.getpid()\n"
        }
    )
    pids = []

    async def run() -> None:
        pids.append((await short_lived.run(made, warm=True)).json)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(run)
    short_lived.forget(made)

    assert len(set(pids)) >= 2  # more where one retired before the last run
    assert os.getpid() not in pids


async def test_output_of_two_runs_is_kept_apart(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = "def execute(n: int):\n    print(str(n) * 100_000, end='')\n    return n\n"
    made = skill({"scripts/main.py": program})

    outcomes = [await runner.run(made, params={"n": n}, warm=True) for n in range(5)]

    assert [each.json for each in outcomes] == list(range(5))
    assert [set(each.stdout) for each in outcomes] == [{str(n)} for n in range(5)]
    assert {each.stdout_total_bytes for each in outcomes} == {100_000}


async def test_a_program_runs_fresh_even_if_warmth_is_asked_for(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "echo $$\n"})

    outcome = await runner.run(made, warm=True)

    assert outcome.ok


async def test_a_skill_that_is_gone_is_refused(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": "print(1)"})
    assert (await runner.run(made, warm=True)).ok

    (made.root / "scripts/main.py").unlink()

    assert (await runner.run(made, warm=True)).status is Status.REFUSED
