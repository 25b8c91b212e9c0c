"""Every verdict, every limit; hostile scripts are killed whole and lose nothing they wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Killed, Room, Runner, Status, Written
from ciranda_skills.sandbox import Kernel
from ciranda_skills.sandbox.namespaces import Namespace

from .poorer import without_namespaces
from .running_fixtures import anyio_backend, runner, skill
from .running_stage import make_skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio

HANGS = {
    "sleeps": "print('on', flush=True)\nimport time\ntime.sleep(600)\n",
    "loops": "print('on')\nwhile True:\n    pass\n",
    "ignores SIGTERM": (
        "import signal, time\nfor n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n"
        "    signal.signal(n, signal.SIG_IGN)\nprint('on')\ntime.sleep(600)\n"
    ),
    "hangs at its end": "import atexit, time\natexit.register(time.sleep, 600)\nprint('on')\n",
    "leaves a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
        "print('on')\n"
    ),
    "waits for stdin of its own": "import os\nr, w = os.pipe()\nprint('on')\nos.read(r, 1)\n",
    "new session": (
        "import contextlib, os, time\nwith contextlib.suppress(OSError):\n    os.setsid()\n"
        "print('on')\ntime.sleep(600)\n"
    ),
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize("program", HANGS.values(), ids=HANGS.keys())
async def test_what_hangs_is_killed_in_time_with_what_it_wrote(
    runner: Runner, skill: Callable[..., Skill], program: str
) -> None:
    made = skill({"scripts/main.py": program})

    start = time.monotonic()
    outcome = await runner.run(made, timeout=0.2)

    assert (outcome.status, outcome.exit_code, outcome.signal) == (Status.TIMEOUT, None, 9)
    assert outcome.stdout == "on\n"
    assert outcome.message == "`scripts/main.py` was killed after its 0.2 seconds"
    assert time.monotonic() - start < 10


SHELL_HANGS = {
    "sleeps": "echo on\nsleep 600\n",
    "background": "sleep 600 &\necho on\nwait\n",
    "double fork": "( ( sleep 600 & ) & )\necho on\nsleep 600\n",
    "new session": "setsid sleep 600 &\necho on\nsleep 600\n",
    "nohup": "nohup sleep 600 >/dev/null 2>&1 &\necho on\nsleep 600\n",
    "trap": "trap '' TERM INT HUP\necho on\nwhile :; do sleep 600; done\n",
    "holds stdout": "( trap '' PIPE; sleep 600; echo late ) &\necho on\nsleep 600\n",
}


@pytest.mark.parametrize("program", SHELL_HANGS.values(), ids=SHELL_HANGS.keys())
async def test_whole_trees_of_programs_are_killed(
    runner: Runner, skill: Callable[..., Skill], program: str
) -> None:
    made = skill({"scripts/main.sh": program})

    outcome = await runner.run(made, timeout=0.3)

    assert (outcome.status, outcome.stdout, outcome.signal) == (Status.TIMEOUT, "on\n", 9)


async def test_what_a_program_leaves_running_ends_with_it(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "( sleep 0.2; echo late ) &\nsetsid sleep 600 &\necho on\n"})

    outcome = await runner.run(made)

    assert (outcome.status, outcome.stdout) == (Status.OK, "on\n")


MEMORY = {
    "main.py": "x = bytearray(1 << 31)",
    "grows.py": "x = []\nwhile True:\n    x.append(bytearray(1 << 22))\n",
    "caught.py": "try:\n    bytearray(1 << 31)\nexcept MemoryError:\n    print('less then')\n",
    "main.sh": "x=a\nwhile :; do x=$x$x; done\n",
}


@pytest.mark.parametrize("name", ["main.py", "grows.py", "main.sh"])
async def test_who_needs_too_much_memory_is_told_apart(
    runner: Runner, skill: Callable[..., Skill], name: str
) -> None:
    made = skill({f"scripts/{name}": "echo on >&2\n" * name.endswith(".sh") + MEMORY[name]})

    outcome = await runner.run(made, memory_mb=64, timeout=30)

    assert outcome.status is Status.KILLED_MEMORY
    assert outcome.message.endswith("it needed more than 64 MiB of memory")


async def test_who_copes_with_little_memory_goes_well(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": MEMORY["caught.py"]})

    outcome = await runner.run(made, memory_mb=64)

    assert (outcome.status, outcome.stdout) == (Status.OK, "less then\n")


async def test_a_tree_is_judged_by_its_memory_as_a_whole(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    each = "python3 -c 'x = bytearray(30 << 20); import time; time.sleep(600)' &\n"
    made = skill({"scripts/main.sh": each * 4 + "echo on\nwait\n"})

    outcome = await runner.run(made, memory_mb=64, timeout=30)

    assert (outcome.status, outcome.signal, outcome.stdout) == (Status.KILLED_MEMORY, 9, "on\n")


async def test_a_fork_bomb_stays_below_its_limit_and_dies(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "echo on\nbomb() { bomb | bomb & }\nbomb\nwait\nsleep 600\n"})

    outcome = await runner.run(made, max_processes=12, timeout=1)

    assert outcome.status in (Status.FAILED, Status.TIMEOUT, Status.KILLED_MEMORY)
    assert outcome.stdout == "on\n"


async def test_a_fork_bomb_in_python_is_refused_to_fork(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = "import os\nprint('on')\nwhile True:\n    os.fork()\n"
    made = skill({"scripts/main.py": program})

    outcome = await runner.run(made, max_processes=8, timeout=5)

    assert outcome.status is Status.FAILED
    assert outcome.stdout.startswith("on\n")


async def test_fifty_megabytes_are_counted_to_the_byte_and_the_first_are_kept(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = """
        import os
        block = b"0123456789abcdef" * 4096
        for _ in range(800):
            os.write(1, block)
        os.write(2, b"x" * 100_001)
    """
    made = skill({"scripts/main.py": program})

    outcome = await runner.run(made, max_output=100_000)

    assert (outcome.status, outcome.truncated) == (Status.OK, True)
    assert outcome.stdout == ("0123456789abcdef" * 6250)
    assert outcome.stdout_total_bytes == 800 * 65536
    assert (len(outcome.stderr), outcome.stderr_total_bytes) == (100_000, 100_001)


async def test_a_flood_does_not_keep_others_waiting(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/flood.sh": "yes\n", "scripts/quick.py": "print('quick')"}, name="floods")
    async with anyio.create_task_group() as tasks:
        flood, flows = anyio.Event(), anyio.Event()
        kept = []

        def hear(chunk: object) -> None:
            if isinstance(chunk, Written):
                flows.set()

        async def run() -> None:
            flood_it = partial(runner.run, made, "flood", timeout=30)
            kept.append(await flood_it(cancel=flood, max_output=10, on_chunk=hear))

        tasks.start_soon(run)
        with anyio.fail_after(20):
            await flows.wait()
            quick = [await runner.run(made, "quick") for _ in range(3)]
        flood.set()

    assert [each.stdout for each in quick] == ["quick\n"] * 3
    assert kept[0].status is Status.CANCELLED
    assert (kept[0].stdout, kept[0].truncated) == ("y\ny\ny\ny\ny\n", True)


async def test_binary_output_is_replaced_and_a_character_that_is_cut_is_left_out(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = "import os\nos.write(1, bytes(range(256)) + '\\u4e2d'.encode())\n"
    made = skill({"scripts/main.py": program})

    whole = await runner.run(made)
    cut = await runner.run(made, max_output=258)

    assert (whole.stdout_total_bytes, whole.truncated) == (259, False)
    assert "\x00\x01" in whole.stdout
    assert whole.stdout.endswith("\ufffd\u4e2d")
    assert (cut.stdout, cut.truncated) == (whole.stdout[:-1], True)


async def test_who_is_cancelled_leaves_nobody_and_hears_what_was_written(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "echo on\nsleep 600 &\nwait\n"})
    heard: list[object] = []

    with anyio.move_on_after(30) as scope:

        def listen(chunk: object) -> None:
            heard.append(chunk)
            if isinstance(chunk, Written):
                scope.cancel()

        await runner.run(made, on_chunk=listen)

    assert scope.cancelled_caught
    assert isinstance(heard[-1], Killed)
    assert heard[-1].outcome.status is Status.CANCELLED
    assert (heard[-1].outcome.stdout, heard[-1].outcome.signal) == ("on\n", 9)


async def test_waiting_for_a_turn_is_no_part_of_the_time(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import time\ntime.sleep(0.15)\n"})
    outcomes = []

    async def run() -> None:
        outcomes.append(await runner.run(made, timeout=5))

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(run)

    assert [each.status for each in outcomes] == [Status.OK] * 6
    assert all(0.1 < each.wall_s < 5 for each in outcomes)


async def test_a_run_that_waits_can_be_called_off(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import time\ntime.sleep(600)\n"})
    stop = anyio.Event()
    outcomes = []

    async def run() -> None:
        outcomes.append(await runner.run(made, cancel=stop))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):  # two of them wait
            tasks.start_soon(run)
        await anyio.sleep(0.1)
        stop.set()

    assert [each.status for each in outcomes] == [Status.CANCELLED] * 4
    assert {each.signal for each in outcomes} <= {9, None}


CRAMS = {
    "size.py": """
        import os
        os.chdir(os.environ["HOME"])
        for n in range(1000):
            with open(str(n), "wb") as file:
                file.write(b"x" * (1 << 20))
    """,
    "unlinked.py": """
        import os, tempfile
        kept = [tempfile.TemporaryFile() for _ in range(8)]
        for file in kept:
            file.write(b"x" * (1 << 20))
            file.flush()
    """,
    "files.sh": "cd; i=0; while mkdir $i; do i=$((i + 1)); done; exit 1\n",
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")
@pytest.mark.parametrize("mounts", [True, False], ids=["own mounts", "no mounts"])
async def test_a_private_folder_has_room_for_so_much_and_no_more(
    tmp_path: Path, mounts: bool
) -> None:
    made = make_skill(tmp_path, {f"scripts/{name}": text for name, text in CRAMS.items()})
    kernel = Kernel() if mounts else without_namespaces(Namespace.MOUNT)
    (tmp_path / "private").mkdir()
    room = Room(mb=4, files=50)
    async with Runner(slots=1, folder=tmp_path / "private", kernel=kernel, room=room) as runner:
        names = [name for name in CRAMS if mounts or name != "unlinked.py"]
        outcomes = [await runner.run(made, name) for name in names]

    for name, outcome in zip(names, outcomes, strict=True):
        assert (outcome.status, outcome.kind) == (Status.FAILED, "skills.room")
        full = "its private folder has room for 4 MiB and 50 files"
        over = f"held more than {'50 files' if name == 'files.sh' else '4 MiB'}"
        assert (full if outcome.sandbox.level == "L3" else over) in outcome.message
    assert list((tmp_path / "private").iterdir()) == []
