"""Programs other than Python, refusals, streaming, weak machines."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from ciranda.errors import PoolError
from ciranda_skills.format import Skill
from ciranda_skills.running import Finished, Runner, Started, Status, Written
from ciranda_skills.sandbox import Level

from .poorer import without
from .running_fixtures import anyio_backend, runner, skill
from .running_stage import below_us, left_over, make_skill, wait_until_gone

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio


async def test_a_shell_script_has_arguments_stdin_and_its_skill_around_it(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    program = 'pwd\necho "$1|$2"\ncat\necho "$HOME" >"$TMPDIR/x"\ncat "$TMPDIR/x"\nexit 4\n'
    made = skill({"scripts/main.sh": program})

    outcome = await runner.run(made, None, ["a b", "$(touch x); `id`"], b"\xffin\n")

    lines = outcome.stdout.splitlines()
    assert lines[:3] == [str(made.root), "a b|$(touch x); `id`", "\ufffdin"]
    assert "private" in lines[3]
    assert (outcome.exit_code, outcome.signal, outcome.status) == (4, None, Status.FAILED)


async def test_a_program_dies_of_its_own_signal(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "echo on\nkill -USR1 $$\n"})

    outcome = await runner.run(made)

    assert (outcome.status, outcome.exit_code, outcome.signal) == (Status.FAILED, None, 10)
    assert outcome.message == "`scripts/main.sh` was killed by SIGUSR1"


async def test_a_closed_pipe_ends_what_writes_to_it(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "yes | head -n 2\n"})

    assert (await runner.run(made)).stdout == "y\ny\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
async def test_javascript_runs(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.js": "console.log(JSON.stringify(process.argv.slice(2)))"})

    outcome = await runner.run(made, args=["x"])

    assert outcome.json == ["x"], outcome


async def test_python_starts_programs_if_the_metadata_says_so(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    source = """
        import subprocess
        subprocess.Popen(["sleep", "60"], start_new_session=True)
        print(subprocess.check_output(["echo", "hi"], text=True))
    """

    told = await runner.run(
        skill({"scripts/a.py": source}, metadata="metadata:\n  programs: true\n")
    )
    denied = await runner.run(skill({"scripts/a.py": source}))

    assert (told.status, told.stdout) == (Status.OK, "hi\n\n")
    assert "may neither start programs" in denied.message


async def test_another_interpreter_runs_a_script_as_a_program(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    source = "import sys, scripts.b, subprocess\nprint(scripts.b.X)\n"
    made = skill({"scripts/main.py": source, "scripts/b.py": "X = 1"})

    outcome = await runner.run(made, "main", interpreter=Path(sys.executable))

    assert (outcome.stdout, outcome.stderr) == ("1\n", "")


async def test_a_program_that_cannot_be_executed_says_so(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "print(1)"})

    outcome = await runner.run(made, interpreter=Path("/usr/bin/no-such-python"))

    assert (outcome.status, outcome.exit_code) == (Status.FAILED, 127)
    assert outcome.stderr == "/usr/bin/no-such-python: No such file or directory\n"


REFUSED = {
    "../evil.py": "skills.escape",
    "/etc/passwd": "skills.escape",
    "scripts/none.py": "skills.script",
    "scripts/a.odd": "skills.interpreter",
    "b": "skills.ambiguous",
}


@pytest.mark.parametrize(("script", "kind"), REFUSED.items())
async def test_what_cannot_run_is_refused_before_anything_starts(
    runner: Runner, skill: Callable[..., Skill], script: str, kind: str
) -> None:
    made = skill({"scripts/a.odd": "", "scripts/b.py": "", "scripts/b.sh": ""})
    before = [stats.calls for stats in runner.stats]

    outcome = await runner.run(made, script)

    assert (outcome.status, outcome.kind, outcome.exit_code) == (Status.REFUSED, kind, None)
    assert "\n" not in outcome.message
    assert [stats.calls for stats in runner.stats] == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"args": ["a\0b"]}, "argument 1 of `scripts/main.py` holds a NUL character"),
        ({"params": {"x": "\ud800"}, "stdin": b""}, "what `scripts/main.py` is given cannot be"),
        ({"env": {"A=B": "x"}}, "was not run"),
        ({"params": {"x": "y" * (17 << 20)}, "stdin": b""}, "above the cap"),
    ],
)
async def test_what_cannot_be_passed_on_is_refused(
    runner: Runner, skill: Callable[..., Skill], options: dict[str, object], said: str
) -> None:
    made = skill({"scripts/main.py": "def execute(**found):\n    return len(found)\n"})

    outcome = await runner.run(made, **options)  # type: ignore[arg-type]

    assert outcome.status is Status.REFUSED
    assert said in outcome.message


async def test_a_run_is_told_while_it_goes_on(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": "print('a\\u4e2d')\nimport sys\nprint('b', file=sys.stderr)"})
    heard: list[object] = []

    outcome = await runner.run(made, on_chunk=heard.append)

    assert isinstance(heard[0], Started)
    assert heard[0] == Started("scripts/main.py", outcome.sandbox)
    assert sorted(each.text for each in heard if isinstance(each, Written)) == ["a\u4e2d\n", "b\n"]
    assert heard[-1] == Finished(outcome)


async def test_a_listener_that_raises_stops_the_run(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.sh": "echo on\nsleep 600\n"})

    def listen(chunk: object) -> None:
        if isinstance(chunk, Written):
            raise ValueError("enough")  # noqa: TRY004  (any error will do)

    with pytest.raises(ValueError, match="enough"):
        await runner.run(made, on_chunk=listen)


async def test_much_is_read_on_stdin_and_all_of_it(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    made = skill({"scripts/main.py": "import sys\nprint(len(sys.stdin.buffer.read()))"})

    assert (await runner.run(made, stdin=bytes(5_000_000))).json == 5_000_000


async def test_a_zygote_can_be_had_ahead(runner: Runner, skill: Callable[..., Skill]) -> None:
    made = skill({"scripts/main.py": "import decimal\nprint(1)"})

    await runner.preload(made)
    started = sum(stats.started for stats in runner.stats)

    assert (await runner.run(made)).ok
    assert sum(stats.started for stats in runner.stats) == started


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize("does", ["starts_threads", "breaks", "leaves"])
async def test_a_library_that_cannot_be_imported_ahead_is_left_to_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    acts = {
        "starts_threads": "from threading import Thread, Event\n"
        "Thread(target=Event().wait, daemon=True).start()\n",
        "breaks": "raise RuntimeError('no')\n",
        "leaves": "import os\nos._exit(3)\n",
    }
    installed = tmp_path / "lib"
    installed.mkdir()
    (installed / f"{does}.py").write_text(acts[does])
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr(sys, "exec_prefix", str(installed))
    source = f"try:\n    import {does}\nfinally:\n    print('on', flush=True)\n"
    made = make_skill(tmp_path, {"scripts/main.py": source})

    async with Runner(slots=2) as runner:
        outcome = await runner.run(made)

    assert outcome.stdout == "on\n"


async def test_on_a_machine_without_layers_it_runs_says_so_and_leaves_nobody(
    tmp_path: Path,
) -> None:
    bare = without("unshare", "landlock_create_ruleset", "seccomp", "prctl", error=errno.ENOSYS)
    made = make_skill(
        tmp_path,
        {
            "scripts/daemon.sh": "setsid sleep 600 &\n( ( sleep 600 & ) & )\necho on\n",
            "scripts/main.py": "import os\nif os.fork() == 0:\n    os.setsid()\n"
            "    import time\n    time.sleep(600)\nprint('on')\n",
            "scripts/kills.py": "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(9)\n",
        },
    )

    async with Runner(slots=2, kernel=bare) as runner:
        daemon = await runner.run(made, "daemon")
        forks = await runner.run(made, "main")
        assert left_over(made.root) == []
        kills = await runner.run(made, "kills", timeout=5)
        after = await runner.run(made, "main")
        refused = await runner.run(made, "main", require=Level.L1)

    assert [each.stdout for each in (daemon, forks, after)] == ["on\n"] * 3
    assert daemon.sandbox.level == "L0"
    assert "seccomp" in daemon.sandbox.missing
    assert kills.status is Status.FAILED
    assert refused.status is Status.REFUSED
    with anyio.move_on_after(5):
        while left_over(made.root):  # noqa: ASYNC110  (/proc has no event to wait for)
            await anyio.sleep(0.01)
    assert left_over(made.root) == []


async def test_a_runner_that_is_closed_says_so(tmp_path: Path) -> None:
    made = make_skill(tmp_path, {"scripts/main.py": "print(1)"})
    closed = Runner()

    with pytest.raises(PoolError, match="the runner of skills is closed; open it"):
        await closed.run(made)
    async with closed:
        pass
    with pytest.raises(PoolError, match="the runner of skills is closed; open it"):
        await closed.preload(made)


async def test_a_body_that_fails_kills_what_runs(tmp_path: Path) -> None:
    made = make_skill(tmp_path, {"scripts/main.sh": "echo on\nsleep 600\n"})
    before = below_us()
    on = anyio.Event()

    def listen(chunk: object) -> None:
        if isinstance(chunk, Written):
            on.set()

    async def fail() -> None:
        async with anyio.create_task_group() as tasks, Runner() as runner:
            tasks.start_soon(lambda: runner.run(made, on_chunk=listen))
            await on.wait()
            raise ValueError("enough")

    with pytest.raises(ExceptionGroup) as told:
        await fail()

    assert told.group_contains(ValueError, match="enough")
    assert wait_until_gone(before) == set()
    assert left_over(made.root) == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
async def test_descriptors_and_threads_stay_flat(tmp_path: Path) -> None:
    made = make_skill(tmp_path, {"scripts/main.py": "def execute():\n    return 1\n"})

    def held() -> tuple[int, int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(below_us())

    async with Runner(slots=1, warm_calls=20) as runner:
        for warm in (False, True):
            await runner.run(made, warm=warm)
        await anyio.sleep(0.2)  # who waits for the next call is there
        before = held()
        for number in range(int(os.environ.get("SKILLS_CALLS", "60"))):  # 100,000 by night
            assert (await runner.run(made, warm=bool(number % 2))).json == 1
        with anyio.move_on_after(5):
            while held() != before:  # noqa: ASYNC110  (the last retired process ends)
                await anyio.sleep(0.01)
        assert held() == before
