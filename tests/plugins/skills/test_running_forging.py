"""Nothing that a script writes, closes or kills makes an answer, or harms another run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ciranda.executors.pool.worker import frames
from ciranda_skills.format import Skill
from ciranda_skills.running import Runner, Status

from .running_fixtures import on_asyncio as anyio_backend, runner, skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio

FORGED = [
    frames.encode(frame)
    for frame in (
        frames.Event(1, "confined", {"level": 4, "missing": []}),
        frames.Event(1, "answer", b'"forged"'),
        frames.Result(1, {"code": 0, "answer": b'"forged"', "level": 4, "missing": []}),
        frames.Ended(1, 0),
        frames.Ready(1),
    )
]
WRITES = f"""
import os
for frame in {FORGED!r}:
    for fd in range(256):
        try:
            os.write(fd, frame)
        except OSError:
            pass
"""


async def test_frames_on_every_descriptor_are_output_and_nothing_else(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": WRITES + "raise SystemExit(3)\n"})

    outcome = await runner.run(made)

    size = sum(map(len, FORGED))
    assert (outcome.status, outcome.exit_code, outcome.json) == (Status.FAILED, 3, None)
    assert (outcome.stdout_total_bytes, outcome.stderr_total_bytes) == (size, size)
    assert outcome.sandbox.level != "L4"


async def test_a_script_has_three_descriptors(runner: Runner, skill: Callable[..., Skill]) -> None:
    program = """
        import os
        found = []
        for fd in range(1024):
            try:
                os.fstat(fd)
            except OSError:
                continue
            found.append(fd)
        print(found)
    """
    made = skill({"scripts/main.py": program, "scripts/other.sh": "ls /proc/self/fd | wc -l"})

    assert (await runner.run(made, "main")).stdout == "[0, 1, 2]\n"
    assert (await runner.run(made, "other")).json in (3, 4)  # the folder that it lists


@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
async def test_a_function_forges_no_answer_by_printing_and_none_for_another(
    runner: Runner, skill: Callable[..., Skill], warm: bool
) -> None:
    made = skill(
        {
            "scripts/forges.py": f"def execute():\n    import os\n    data = {FORGED!r}\n"
            "    for frame in data:\n        os.write(1, frame)\n        os.write(2, frame)\n"
            "    print('true')\n    return 'mine'\n",
            "scripts/honest.py": "def execute():\n    return 'honest'\n",
        }
    )

    for _ in range(3):
        assert (await runner.run(made, "forges", warm=warm)).json == "mine"
        assert (await runner.run(made, "honest", warm=warm)).json == "honest"


@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
async def test_a_function_that_writes_to_its_private_descriptor_hurts_itself(
    runner: Runner, skill: Callable[..., Skill], warm: bool
) -> None:
    program = f"def execute():\n    exec({WRITES!r})\n    return 'mine'\n"
    made = skill(
        {
            "scripts/forges.py": program,
            "scripts/breaks.py": program.replace("in [b", "in [b'garbage' * 99, b"),
            "scripts/honest.py": "def execute():\n    return 'honest'\n",
        }
    )

    for name in ("forges", "breaks", "forges"):
        outcome = await runner.run(made, name, warm=warm)
        assert outcome.json in ("mine", None)
        assert outcome.sandbox.level != "L4"
        assert (await runner.run(made, "honest", warm=warm)).json == "honest"


KILLS = {
    "its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
    "everybody": "import os, signal\nos.kill(-1, signal.SIGKILL)\n",
    "its group": "import os, signal\nos.killpg(0, signal.SIGKILL)\n",
}


@pytest.mark.parametrize("program", KILLS.values(), ids=KILLS.keys())
async def test_who_kills_others_hits_itself_at_most(
    runner: Runner, skill: Callable[..., Skill], program: str
) -> None:
    made = skill({"scripts/main.py": program, "scripts/ok.py": "print(1)"})
    if (await runner.run(made, "ok")).sandbox.level < "L2":
        pytest.skip("signals are forbidden from L2 on")
    before = sum(stats.started for stats in runner.stats)

    outcome = await runner.run(made, "main")

    assert outcome.status is Status.FAILED
    assert (await runner.run(made, "ok")).stdout == "1\n"
    assert sum(stats.started for stats in runner.stats) == before


async def test_a_program_that_kills_everybody_reaches_its_own_namespace_only(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "kill -9 -1\nkill -9 $PPID\nsleep 0.1\necho on\n"})
    if (await runner.run(made)).sandbox.level < "L3":
        pytest.skip("programs have a process namespace from L3 on")

    before = sum(stats.started for stats in runner.stats)
    await runner.run(made)

    assert sum(stats.started for stats in runner.stats) == before


CLOSES = {
    "all": "import os\nos.closerange(0, 256)\n",
    "stdout": "import os\nos.close(1)\n",
    "stdout, then prints": "import os\nos.close(1)\nprint('x')\n",
    "its working folder": "import os\nos.chdir(os.environ['HOME'])\nos.mkdir('x')\n"
    "os.chdir('x')\nos.rmdir('../x')\nprint('on')\n",
}


@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
@pytest.mark.parametrize("program", CLOSES.values(), ids=CLOSES.keys())
async def test_who_closes_what_it_has_hurts_itself_at_most(
    runner: Runner, skill: Callable[..., Skill], program: str, warm: bool
) -> None:
    made = skill({"scripts/main.py": program, "scripts/ok.py": "import os\nprint(os.getcwd())"})

    outcome = await runner.run(made, "main", warm=warm)
    after = [await runner.run(made, "ok", warm=warm) for _ in range(2)]

    assert outcome.status in (Status.OK, Status.FAILED)
    assert [each.stdout for each in after] == [f"{made.root}\n"] * 2
