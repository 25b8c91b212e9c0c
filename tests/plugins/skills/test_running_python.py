"""A Python script in a fork behaves as it would in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Runner, Status

from .running_fixtures import on_asyncio as anyio_backend, runner, skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio

# Each is run in a process of its own as well, and must end and write the same.
PROGRAMS = {
    "prints": "print('out'); import sys; print('err', file=sys.stderr)",
    "writes to descriptors": "import os; os.write(1, b'a'); os.write(2, b'b'); print('c')",
    "arguments": "import sys; print(sys.argv[1:])",
    "stdin as text": "print(input() + '!')",
    "stdin as bytes": "import sys; print(sys.stdin.buffer.read())",
    "its own name": "import os; print(__name__, os.path.basename(__file__), __package__, __doc__)",
    "docstring": "'''Says so.'''\nprint(__doc__)",
    "exit code": "import sys; print('left'); sys.exit(7)",
    "exit code above a byte": "import sys; sys.exit(257)",
    "negative exit code": "import sys; sys.exit(-1)",
    "exit none": "import sys; sys.exit()",
    "exit with text": "import sys; sys.exit('no way')",
    "exit with an object": "import sys; sys.exit([1, 2])",
    "exit true": "import sys; sys.exit(True)",
    "builtin exit": "exit(4)",
    "builtin quit": "quit(5)",
    "raise SystemExit": "raise SystemExit(6)",
    "bare exit": "import os; print('lost?', flush=True); os._exit(9)",
    "traceback": "def f(x):\n    return 1 / x\n\nprint('before')\nf(0)\n",
    "chained traceback": "try:\n    {}['a']\nexcept KeyError as e:\n    raise OSError from e\n",
    "exception group": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "syntax error": "print('never'\n",
    "no such module": "import no_such_module_here",
    "recursion": "def f():\n    f()\ntry:\n    f()\nexcept RecursionError:\n    print('deep')\n",
    "atexit": "import atexit; atexit.register(print, 'bye'); print('hi')",
    "atexit that raises": "import atexit\natexit.register(lambda: 1 / 0)\nprint('hi')\n",
    "thread": "import threading\nthreading.Thread(target=lambda: print('in thread')).start()\n",
    "daemon thread": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('x')\n"
    ),
    "thread that raises": (
        "import threading\nt = threading.Thread(target=lambda: [][1], name='T')\n"
        "t.start(); t.join(); print('on')\n"
    ),
    "exit from a thread": (
        "import threading, sys\nt = threading.Thread(target=sys.exit, args=(3,))\n"
        "t.start(); t.join(); print('on')\n"
    ),
    "async": (
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    print('a')\n"
        "asyncio.run(f())\n"
    ),
    "open file at the end": (
        "import os\nf = open(os.environ.get('TMPDIR', '/tmp') + '/kept', 'w')\nf.write('x')\n"
        "import atexit\n"
    ),
    "goodbye of an object": "class A:\n    def __del__(self):\n        print('gone')\na = A()\n",
    "lone surrogate": "print('\\udcff')",
    "not utf-8": "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\x00')",
    "closed stdout": "import os; os.close(1); os.write(2, b'quiet')",
    "closed stdin": "import os; os.close(0); print('on')",
    "own excepthook": "import sys\nsys.excepthook = lambda *a: print('hooked')\n1/0\n",
    "broken excepthook": "import sys\nsys.excepthook = lambda *a: [][0]\n1/0\n",
    "killed": "import os, signal; print('a', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupted": "import os, signal; print('a'); os.kill(os.getpid(), signal.SIGINT); print('b')",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "abort": "import os; os.abort()",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "alarm": "import signal, time; signal.setitimer(signal.ITIMER_REAL, .01); time.sleep(9)",
    "main guard": "def main():\n    print('main')\n\nif __name__ == '__main__':\n    main()\n",
    "imports itself": "import __main__; x = 1; print(__main__.x)",
    "pickles its own class": (
        "import pickle\nclass A:\n    pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)\n"
    ),
    "dataclass": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass A:\n    x: int = 1\nprint(A())\n"
    ),
    "argparse": (
        "import argparse\np = argparse.ArgumentParser(prog='p')\np.add_argument('--n', type=int)\n"
        "p.parse_args(['--n', 'x'])\n"
    ),
    "warning": "import warnings; warnings.warn('careful', DeprecationWarning)",
    "future of the compiler": "x: undefined_name = 1",
    "locals are globals": "a = 1\nprint([a for _ in range(2)], 'a' in globals())",
    "inspect its source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "encoding of names": "print('\\u00e9\\u4e2d')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
async def test_it_ends_and_writes_as_on_its_own(
    runner: Runner, skill: Callable[..., Skill], program: str
) -> None:
    made = skill({"scripts/main.py": program})
    script = made.root / "scripts/main.py"

    alone = subprocess.run(  # noqa: ASYNC221  (what it is compared with)
        [sys.executable, "-I", "-u", "-X", "utf8", str(script), "a", "b c"],
        input=b"first\nsecond",
        capture_output=True,
        cwd=made.root,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "TMPDIR": str(made.root)},
        check=False,
    )
    outcome = await runner.run(made, None, ["a", "b c"], b"first\nsecond")

    ended = -outcome.signal if outcome.signal is not None else outcome.exit_code
    assert (ended, outcome.stdout) == (alone.returncode, alone.stdout.decode(errors="replace"))
    assert without_noise(outcome.stderr) == without_noise(alone.stderr.decode(errors="replace"))
    assert outcome.status is (Status.OK if alone.returncode == 0 else Status.FAILED)


def without_noise(text: str) -> list[str]:
    """Leave out what differs from process to process: addresses, names of streams."""
    said = text.partition("Exception ignored in")[0]
    return [line for line in said.splitlines() if " at 0x" not in line]


async def test_code_beside_a_script_and_in_its_skill_can_be_imported(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill(
        {
            "scripts/main.py": """
                import beside, lib.inner, scripts.beside
                print(beside.X, lib.inner.X)
            """,
            "scripts/beside.py": "X = 1",
            "lib/inner.py": "X = 2",
        }
    )

    outcome = await runner.run(made, "main")

    assert (outcome.stdout, outcome.stderr) == ("1 2\n", "")


async def test_a_module_of_the_skill_comes_before_an_installed_one(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import yaml\nprint(yaml.X)", "scripts/yaml.py": "X = 3"})

    assert (await runner.run(made, "scripts/main.py")).stdout == "3\n"


async def test_installed_packages_are_there(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": "import yaml\nprint(yaml.safe_load('a: 1'))"})

    assert (await runner.run(made)).stdout == "{'a': 1}\n"


async def test_a_script_stands_in_its_skill_with_a_private_home_and_a_clean_environment(
    runner: Runner, skill: Callable[..., Skill], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    program = """
        import json, os, tempfile
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("kept")
        print(json.dumps([os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"], dict(os.environ)]))
    """
    made = skill({"scripts/main.py": program})

    outcome = await runner.run(made, env={"GIVEN": "yes"})

    where, home, folder, env = outcome.json
    assert where == str(made.root)
    assert home == folder
    assert "private" in home
    assert "MY_SECRET" not in env
    assert env["GIVEN"] == "yes"


async def test_no_trace_of_one_run_is_seen_by_the_next(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = """
        import json, os, sys, builtins, random
        path = os.path.join(os.environ["TMPDIR"], "trace")
        marks = [hasattr(json, "trace"), hasattr(builtins, "trace"), os.path.exists(path)]
        print(json.dumps(marks))
        json.trace = builtins.trace = True
        open(path, "w").close()
    """
    made = skill({"scripts/main.py": program})

    outcomes = [await runner.run(made) for _ in range(3)]

    assert [each.json for each in outcomes] == [[False, False, False]] * 3


async def test_forks_draw_different_random_numbers(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import random, uuid\nprint(random.random(), uuid.uuid4())"})

    assert len({(await runner.run(made)).stdout for _ in range(3)}) == 3


async def test_starting_another_program_is_refused_in_the_scripts_own_words(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import subprocess\nsubprocess.run(['echo', 'x'])"})

    outcome = await runner.run(made)

    if outcome.sandbox.level >= "L2":
        assert "PermissionError" in outcome.stderr
        assert outcome.status is Status.FAILED
