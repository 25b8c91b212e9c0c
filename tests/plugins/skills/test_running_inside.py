"""What runs inside workers, on a machine without layers, where its coverage can be measured."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import msgspec
import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Runner, Status
from ciranda_skills.sandbox.features import try_features

from .poorer import without
from .running_fixtures import measured, on_asyncio as anyio_backend, skill

__all__ = ["anyio_backend", "measured", "skill"]
pytestmark = pytest.mark.anyio
BARE = without("unshare", "landlock_create_ruleset", "seccomp", error=errno.ENOSYS)


@pytest.fixture(scope="module")
async def runner(anyio_backend: str, measured: tuple[str, ...] | None) -> AsyncIterator[Runner]:
    async with Runner(slots=2, kernel=BARE, python=measured) as made:
        yield made


SCRIPTS = {
    "prints": ("print('on')", 0, "on\n"),
    "exits": ("import sys; print('on'); sys.exit(3)", 3, "on\n"),
    "exits with a text": ("print('on'); raise SystemExit('no')", 1, "on\n"),
    "exits with nothing": ("raise SystemExit", 0, ""),
    "raises": ("print('on'); 1 / 0", 1, "on\n"),
    "is no Python": ("print('never'", 1, ""),
    "has a hook that breaks": ("import sys; sys.excepthook = None; 1 / 0", 1, ""),
    "has an exit that breaks": ("import atexit; atexit.register(lambda: 1 / 0)", 0, ""),
    "says goodbye": ("class A:\n    def __del__(s): print('bye')\na = A()\n", 0, "bye\n"),
    "closes its output": ("import os; os.close(1)\ntry: print(1)\nexcept OSError: pass", 120, ""),
    "reads": ("print(input())", 0, "given\n"),
    "out of memory": ("bytearray(1 << 40)", 1, ""),
    "starts a program": ("import subprocess; subprocess.run(['echo', 'on'])", 0, "on\n"),
}


@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
@pytest.mark.parametrize(("program", "code", "out"), SCRIPTS.values(), ids=SCRIPTS.keys())
async def test_a_script_ends_as_it_would_alone(
    runner: Runner,
    skill: Callable[..., Skill],
    program: str,
    code: int,
    out: str,
    warm: bool,
) -> None:
    made = skill({"scripts/main.py": program})

    outcome = await runner.run(made, stdin=b"given\n", warm=warm)

    if warm and "__del__" in program:
        out = ""  # nor dropped what its modules hold
    assert (outcome.exit_code, outcome.stdout) == (code, out), outcome
    assert outcome.sandbox.level == "L0"


@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
async def test_functions_answer_and_fail(
    runner: Runner, skill: Callable[..., Skill], warm: bool
) -> None:
    made = skill(
        {
            "scripts/add.py": "def execute(a: int = 1, b: int = 2):\n    return a + b\n",
            "scripts/wait.py": "async def main(x=1):\n    return [x]\n",
            "scripts/fail.py": "def execute():\n    raise KeyError('x')\n",
            "scripts/odd.py": "def execute():\n    return object\n",
            "scripts/thread.py": "def execute():\n    import threading\n"
            "    threading.Thread(target=print, args=('on',)).start()\n    return 1\n",
        }
    )

    outcomes = {
        name: await runner.run(made, name, warm=warm)
        for name in ("add", "wait", "fail", "odd", "thread", "add")
    }

    assert {name: each.json for name, each in outcomes.items()} == {
        "add": 3,
        "wait": [1],
        "fail": None,
        "odd": None,
        "thread": 1,
    }
    assert outcomes["fail"].stderr.endswith("KeyError: 'x'\n")
    assert outcomes["fail"].stderr.count("File ") == 1
    assert outcomes["thread"].stdout == "on\n"


async def test_an_interrupt_ends_a_script_and_a_warm_run_but_not_its_process(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "print('on')\nraise KeyboardInterrupt\n"})

    fresh = await runner.run(made)
    warm = await runner.run(made, warm=True)

    assert (fresh.exit_code, fresh.signal) == (None, 2)
    assert (warm.exit_code, warm.signal) == (1, None)
    assert fresh.stderr == warm.stderr


async def test_programs_are_become(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.sh": "cat\nexit 3\n", "scripts/bad": b"#!/bin/cat\nx"})

    outcome = await runner.run(made, "main", stdin=b"in")
    shown = await runner.run(made, "bad")

    assert (outcome.stdout, outcome.exit_code) == ("in", 3)
    assert shown.stdout == "#!/bin/cat\nx"


async def test_zygotes_and_warm_processes_can_be_had_ahead(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import fractions\nprint(1)"})

    await runner.preload(made)

    assert (await runner.run(made)).status is Status.OK


DRIVER = """
import json, os, sys
import msgspec
from ciranda_skills.inside import order, warm

class Job:
    last = False
    def fileno(self):
        return 0
    def event(self, name, data=None):
        pass
    def close(self):
        pass

options, orders = json.loads(os.environ["WORK"])
made = warm.setup(options)
assert made.handle("ready", None, Job()) is None
for each in orders:
    job = Job()
    each["stdin"] = each.get("stdin", "").encode()
    told = made.handle("run", msgspec.msgpack.encode(each), job)
    answer = told.answer and told.answer.decode()
    os.write(1, f"{told.code} {answer} {job.last}\\n".encode())
os._exit(0)
"""


async def test_a_warm_process_by_itself(
    skill: Callable[..., Skill], measured: tuple[str, ...] | None, tmp_path: Path
) -> None:
    made = skill(
        {
            "scripts/file.py": "import sys\nprint(sys.stdin.read(), flush=True)\n",
            "scripts/add.py": "def execute(a, b):\n    return a + b\n",
            "scripts/thread.py": "def execute():\n    import threading, time\n"
            "    threading.Thread(target=time.sleep, args=(.01,)).start()\n",
            "scripts/dirty.py": "import atexit\natexit.register(print)\n",
            "scripts/large.py": "bytearray(1 << 40)\n",
            "scripts/mute.py": "import sys\nsys.stdout = None\n",
        }
    )
    features = msgspec.to_builtins(try_features(BARE))
    allowed = {"root": str(made.root), "home": str(tmp_path), "cpu_s": 60}
    options = {"imports": ["json"], "path": sys.path, "features": features, "allowed": allowed}

    def order(name: str, entry: str = "file", **more: object) -> dict[str, object]:
        path = str(made.root / "scripts" / f"{name}.py")
        return {"path": path, "root": str(made.root), "entry": entry, **more}

    orders = [
        order("file", stdin="given"),
        order("file"),
        order("add", "execute", params={"a": 1, "b": 2}),
        order("add", "execute", params={"a": 1, "b": "x"}),
        order("thread", "execute"),
        order("dirty"),
        order("large"),
        order("mute"),
    ]
    python = measured or (sys.executable,)
    path = os.pathsep.join(sys.path)
    code = f"import sys\nsys.path[:] = {path!r}.split({os.pathsep!r})\n{DRIVER}"

    done = await anyio.run_process(
        [*python, "-I", "-S", "-c", code], env={"WORK": json.dumps([options, orders])}
    )

    assert done.stdout.decode().splitlines() == [
        "given",
        "0 None False",
        "",
        "0 None False",
        "0 3 False",
        "1 None False",
        "0 null False",
        "0 None True",
        "1 None True",
        "0 None True",
    ]
