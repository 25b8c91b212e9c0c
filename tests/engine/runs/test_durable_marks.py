"""What `durable=True` can be said of, and what is read of a log that was cut or damaged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from ciranda import Engine, observer
from ciranda.bus import Bus
from ciranda.errors import PluginError, ReplayError
from ciranda.events import CacheHit, Event, StepCompleted
from ciranda.runs.reading import Reading
from ciranda.store import MemoryLog, Record, RunRow, SqliteLog
from ciranda.store.cursors import NOWHERE, Cursor


async def hear(event: Event) -> None:
    """Hear nothing."""


def hear_at_once(event: Event) -> None:
    """Hear nothing."""


@pytest.mark.parametrize(
    ("types", "options", "function", "said"),
    [
        ([StepCompleted], {"buffer": 3}, hear, "where buffer and overflow mean nothing"),
        ([StepCompleted], {"overflow": "block"}, hear, "where buffer and overflow mean nothing"),
        ([CacheHit], {}, hear, "CacheHit, durable=True.* are in no run's log; drop `durable`"),
        ([StepCompleted], {}, hear_at_once, "not async .* drain and durable mean nothing"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    types: list[Any], options: Any, function: Any, said: str
) -> None:
    with pytest.raises(PluginError, match=said):
        observer(*types, durable=True, **options)(function)


def test_two_observers_of_one_name_could_not_be_told_apart_in_the_store() -> None:
    class Twice:
        @observer(StepCompleted, durable=True)
        async def tell(self, event: Event) -> None: ...

        again = tell

    with pytest.raises(PluginError, match="two of its durable observers are called 'tell'"):
        Bus().register(Twice(), "twice")


def test_a_log_that_lost_its_end_and_grew_another_is_told_from_its_beginning() -> None:
    log, reading = MemoryLog(), Reading([StepCompleted])
    log.create_run(RunRow("r", "n", "f", "running", 0.0))
    lease = log.acquire("r", "me", 30)
    log.append("r", lease.epoch, [Record("r", seq, seq / 2, "T", 1, b"") for seq in range(3)])

    assert [one.cursor.seq for one in reading.news(log, "r", NOWHERE)] == [0, 1, 2]
    assert [one.cursor.seq for one in reading.news(log, "r", Cursor(1, 0.5))] == [2]
    assert [one.cursor.seq for one in reading.news(log, "r", Cursor(1, 0.7))] == [0, 1, 2]
    assert [one.cursor.seq for one in reading.news(log, "r", Cursor(9, 4.5))] == [0, 1, 2]


def test_what_comes_before_a_damaged_record_is_told() -> None:
    log, reading = MemoryLog(), Reading([StepCompleted])
    log.create_run(RunRow("r", "n", "f", "running", 0.0))
    lease = log.acquire("r", "me", 30)
    sound = Record("r", 0, 0.0, "T", 1, b"")
    log.append("r", lease.epoch, [sound, Record("r", 1, 0.5, "StepCompleted", 1, b"x")])

    assert [one.cursor.seq for one in reading.news(log, "r", NOWHERE)] == [0]
    with pytest.raises(ReplayError, match="event 1 of run r is no StepCompleted"):
        reading.news(log, "r", Cursor(0, 0.0))


class Deaf:
    """Hears of steps."""

    @observer(StepCompleted, durable=True)
    async def tell(self, event: Event) -> None:
        """Hear nothing."""


@pytest.fixture
def _log_lines_can_be_captured() -> Iterator[None]:
    structlog.configure()
    yield
    structlog.reset_defaults()


@pytest.mark.anyio
@pytest.mark.usefixtures("_log_lines_can_be_captured")
async def test_a_damaged_log_or_book_is_told_in_one_line_and_stops_nothing(tmp_path: Path) -> None:
    async with Engine(store=tmp_path, plugins=[Deaf()]):
        log = SqliteLog(tmp_path)
        log.create_run(RunRow("r", "n", "f", "running", 0.0))
        lease = log.acquire("r", "me", 30)
        log.append("r", lease.epoch, [Record("r", 0, 0.5, "StepCompleted", 1, b"x")])
        log.close()
    with capture_logs() as lines:
        async with Engine(store=tmp_path, plugins=[Deaf()]) as engine:
            engine.log.release(lease)
    (line,) = lines
    assert line["reason"].startswith("run r cannot be told of; it is told again when")
    (tmp_path / ".ciranda" / "observers.db").write_bytes(b"no database" * 100)
    with capture_logs() as lines:
        async with Engine(store=tmp_path, plugins=[Deaf()]) as engine:
            assert [run.id for run in engine.log.runs()] == ["r"]
    (line,) = lines
    assert line["reason"].startswith("it hears nothing: ")
