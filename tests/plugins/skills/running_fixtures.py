"""Fixtures of the tests that run skills: one runner a module and backend, and nobody left."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import ciranda_skills
from ciranda_skills.format import Skill
from ciranda_skills.running import Runner

from .running_stage import below_us, left_over, make_skill, wait_until_gone

MEASURED = Path(__file__).parents[2] / "engine/executors/measured.py"


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", name="anyio_backend")
def on_asyncio() -> str:
    """One backend, where all that is tested is what other processes do."""
    return "asyncio"


@pytest.fixture(scope="module")
async def runner(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runner]:
    before = below_us()
    folder = tmp_path_factory.mktemp("private")
    async with Runner(slots=2, folder=folder) as made:
        yield made
    assert wait_until_gone(before) == set()
    assert list(folder.iterdir()) == []


@pytest.fixture
async def skill(tmp_path: Path, runner: Runner) -> AsyncIterator[Callable[..., Skill]]:
    """Write a skill; at the end of the test no process stands in its folder."""
    made = []

    def make(*args: Any, **options: Any) -> Skill:
        made.append(make_skill(tmp_path, *args, **options))
        return made[-1]

    yield make
    for each in made:
        runner.forget(each)
    with anyio.move_on_after(5):
        while left_over(tmp_path):  # noqa: ASYNC110  (/proc has no event to wait for)
            await anyio.sleep(0.01)
    assert left_over(tmp_path) == []


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[str, ...] | None]:
    """Return the interpreter of workers that count in the tests' coverage, when there is one."""
    coverage = sys.modules.get("coverage")
    ours = coverage.Coverage.current() if coverage is not None else None
    if ours is None:
        yield None
        return
    folder = tmp_path_factory.mktemp("coverage")
    source = Path(ciranda_skills.__file__).parent
    yield (sys.executable, str(MEASURED), str(source), str(folder))
    data = request.config.invocation_params.dir / ours.get_option("run:data_file")
    for whole in folder.glob("whole.*"):
        shutil.move(whole, f"{data}.{uuid.uuid4().hex}")  # combined with the others at the end
