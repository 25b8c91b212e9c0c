"""Logs to test, with clocks that the tests move."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from ciranda.store import Clock, Durability, Log, MemoryLog, Process, Record, RunRow, SqliteLog


@dataclass
class Time:
    """Both clocks of one machine."""

    wall: float = 1_700_000_000.0
    steady: float = 1000.0
    clock: Clock = field(init=False)

    def __post_init__(self):
        self.clock = Clock(lambda: self.wall, lambda: self.steady)

    def pass_seconds(self, seconds: float):
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: what is synced there costs nothing."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="ciranda-") as folder:
        yield Path(folder)


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture(params=["sqlite", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path, now: Time) -> Iterator[Log]:
    """Both logs, which must not differ."""
    made: Log
    if request.param == "sqlite":
        made = SqliteLog(tmp_path, Durability.OFF, clock=now.clock)
    else:
        made = MemoryLog(clock=now.clock)
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path: Path, now: Time) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path, Durability.OFF, clock=now.clock)
    yield made
    made.close()


@pytest.fixture
def row() -> Callable[..., RunRow]:
    def make(run="r1", status="running", **changes):
        return msgspec.structs.replace(RunRow(run, "hello", "hello.yaml", status, 1.0), **changes)

    return make


@pytest.fixture
def records() -> Callable[..., list[Record]]:
    def make(first, last=None, run="r1", payload=b"payload"):
        last = first if last is None else last
        return [
            Record(run, seq, seq / 8, "StepCompleted", 1, b"%s %d" % (payload, seq))
            for seq in range(first, last + 1)
        ]

    return make


@pytest.fixture
def gone() -> Process:
    """A process of this machine that has ended."""
    return Process(pid=2**22 + 1, started="1")
