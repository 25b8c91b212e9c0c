"""Runs below bubblewrap: asked for by a caller or a skill, refused or warned of without it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import Runner, Started, Status
from ciranda_skills.sandbox import Level, SandboxError, find_bubblewrap

from .running_fixtures import measured, on_asyncio, skill
from .running_stage import below_us, wait_until_gone

__all__ = ["measured", "on_asyncio", "skill"]
pytestmark = pytest.mark.anyio

ALONE = """
import json, os, sys
def seen(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return type(error).__name__
def execute(path: str, n: int = 2) -> dict:
    print("so")
    open(os.path.join(os.environ["HOME"], "note"), "w").close()
    return {"n": n, "above": seen(path), "mine": os.environ.get("A"), "first": os.getppid()}
"""


def bwrap() -> str:
    try:
        return find_bubblewrap()
    except SandboxError as error:
        return str(error)


has_bubblewrap = pytest.mark.skipif(" " in bwrap(), reason=bwrap())


@pytest.fixture(scope="module")
async def runner(
    anyio_backend: str,
    measured: tuple[str, ...] | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Runner]:
    before = below_us()
    folder = tmp_path_factory.mktemp("private")
    async with Runner(slots=2, folder=folder, python=measured) as made:
        yield made
    assert wait_until_gone(before) == set()
    assert list(folder.iterdir()) == []


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@has_bubblewrap
async def test_a_function_sees_its_folder_and_nothing_beside_it(
    runner: Runner, skill: Callable[..., Skill], tmp_path: Path
) -> None:
    made = skill({"scripts/main.py": ALONE}, metadata="metadata:\n  isolation: strict\n")

    found = await runner.run(made, params={"path": str(tmp_path)}, env={"A": "1"}, warm=True)

    assert (found.status, found.sandbox.level) == (Status.OK, "L4")
    assert found.json == {"n": 2, "above": "PermissionError", "mine": "1", "first": 1}
    assert found.stdout == "so\n"


@has_bubblewrap
async def test_a_program_is_alone_and_its_end_is_told(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    source = "ls /proc | grep -c '^[0-9]'; ls -d /home /var; cat; kill -SEGV $$"
    made = skill({"scripts/main.sh": source})

    found = await runner.run(made, stdin=b"in", require=Level.L4)

    count, *rest = found.stdout.splitlines()
    assert int(count) <= 4
    assert rest == ["in"]
    assert (found.status, found.exit_code, found.signal) == (Status.FAILED, None, 11)
    assert found.sandbox.level == "L4"


@has_bubblewrap
async def test_its_time_and_its_memory_are_bounded(
    runner: Runner, skill: Callable[..., Skill]
) -> None:
    source = "import sys, time\nprint('half', flush=True)\nx = b'x' * (int(sys.argv[1]) << 20)\n"
    made = skill({"scripts/main.py": f"{source}time.sleep(60)"})

    late = await runner.run(made, args=["1"], strict=True, timeout=0.2)
    large = await runner.run(made, args=["300"], strict=True, memory_mb=64)

    assert (late.status, late.stdout) == (Status.TIMEOUT, "half\n")
    assert large.status is Status.KILLED_MEMORY


async def test_without_it_a_requirement_is_refused_and_a_wish_is_missed(
    skill: Callable[..., Skill], nothing_installed: None
) -> None:
    made = skill({"scripts/main.py": "print(1)"})
    heard: list[object] = []

    async with Runner(slots=1) as runner:
        refused = await runner.run(made, require=Level.L4)
        missed = await runner.run(made, strict=True, on_chunk=heard.append)

    assert (refused.status, refused.kind) == (Status.REFUSED, "skills.sandbox")
    assert "bubblewrap and there is none: install `bwrap`" in refused.message
    assert (missed.status, missed.json) == (Status.OK, 1)
    assert "bubblewrap" in missed.sandbox.missing
    assert isinstance(heard[0], Started)
    assert "bubblewrap" in heard[0].sandbox.missing


async def test_one_that_fails_by_the_time_it_is_needed_is_told(
    skill: Callable[..., Skill], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = skill({"scripts/main.py": "print(1)"})
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    tries = 'case "$*" in *"env true") exit 0;; esac'
    broken.write_text(f"#!/bin/sh\n{tries}\necho no such >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))

    async with Runner(slots=1) as runner:
        outcome = await runner.run(made, strict=True)

    assert (outcome.status, outcome.kind) == (Status.REFUSED, "skills.sandbox")
    assert outcome.message == "nothing runs below bubblewrap here: no such"
