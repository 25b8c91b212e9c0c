"""Workers of these tests: importable, marked by their environment, and all gone at the end."""

import os
import shutil
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import ciranda
from ciranda.executors.pool import WorkerKind


def marked(mark: str) -> list[int]:
    """Return the processes, zombies apart, whose environment holds a mark."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if f"POOL_MARK={mark}".encode() in Path(f"/proc/{name}/environ").read_bytes():
                    found.append(int(name))
            except OSError:
                continue
    return found


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait until a condition holds; fails after some seconds."""

    async def wait(condition: Callable[[], object], seconds: float = 10) -> None:
        with anyio.fail_after(seconds):
            while not condition():  # noqa: ASYNC110 - /proc has no event to wait for
                await anyio.sleep(0.005)

    return wait


@pytest.fixture
def survivors() -> Iterator[Callable[[], list[int]]]:
    """Processes of the kinds made by `kind`; the test fails when one is left at its end."""
    mark = uuid.uuid4().hex
    os.environ["POOL_MARK_NOW"] = mark
    yield lambda: marked(mark)
    del os.environ["POOL_MARK_NOW"]
    end = time.monotonic() + 5
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.01)
    assert marked(mark) == []


@pytest.fixture
def kind(
    survivors: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., WorkerKind]:
    """Make a kind of worker that runs `pool_work`."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    env = {
        "PATH": os.environ["PATH"],
        "POOL_MARK": os.environ["POOL_MARK_NOW"],
    }

    def make(**options: Any) -> WorkerKind:
        return WorkerKind(**{"name": "test", "setup": "pool_work:setup", "env": env} | options)

    return make


@pytest.fixture
def measured(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, ...] | None]:
    """Return the interpreter of workers that count in the tests' coverage, when there is one."""
    coverage = sys.modules.get("coverage")
    ours = coverage.Coverage.current() if coverage is not None else None
    if ours is None:
        yield None
        return
    folder = tmp_path / "coverage"
    folder.mkdir()
    script = Path(__file__).with_name("measured.py")
    yield (sys.executable, str(script), str(Path(ciranda.__file__).parent), str(folder))
    data = request.config.invocation_params.dir / ours.get_option("run:data_file")
    for whole in folder.glob("whole.*"):
        shutil.move(whole, f"{data}.{uuid.uuid4().hex}")  # combined with the others at the end
