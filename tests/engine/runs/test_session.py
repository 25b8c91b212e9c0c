"""What reaches a run by its inbox: in order, once, and whatever died meanwhile."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from ciranda import Engine
from ciranda.events import EventReceived, RunCancelled, RunResumed
from ciranda.runs.journal import StoreJournal, decode
from ciranda.runs.messages import Answered, Emitted, encode
from ciranda.runs.outcome import RunResult
from ciranda.store import Log
from ciranda.workflow.load import loads

pytestmark = pytest.mark.anyio

THREE = loads(
    b"""
ciranda: 1
name: three
steps:
  a: {wait: {event: e}}
  b: {needs: [a], wait: {event: e}}
  c: {needs: [b], wait: {event: f, where: event.data > 2, timeout: 1h}}
outputs: {all: "${{ [steps.a.output, steps.b.output, steps.c.output] }}"}
""",
    file="three.yaml",
)
ASK = loads(
    b"""
ciranda: 1
name: ask
steps:
  ask: {approve: {prompt: Well?, on-reject: continue}}
outputs: {said: "${{ steps.ask.output.by }}"}
""",
    file="ask.yaml",
)


@pytest.fixture
def anyio_backend() -> str:
    """One event loop: the store sets the pace, and its threads know no virtual time."""
    return "asyncio"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with Engine(store=tmp_path, durability="process") as made:
        yield made


def emit(log: Log, event: str, data: Any, named: str = "", run: str = "r1") -> int:
    return log.post(run, *encode(Emitted(id=named or str(data), event=event, data=data)))


def told(log: Log, *types: type) -> list[Any]:
    return [event for event in map(decode, log.read("r1")) if isinstance(event, types)]


def die_after_resuming(log: Log) -> None:
    """Take the run, say that it goes on, and be gone before anything else happened."""
    lease = log.acquire("r1", "gone", 30)
    journal = StoreJournal(log, "r1", lease.epoch)
    journal.append([RunResumed(run="r1", seq=len(list(log.read("r1"))), epoch=lease.epoch)])
    log.release(lease)


async def test_events_are_taken_in_order_each_by_one_step(engine: Engine) -> None:
    results: list[RunResult] = []

    async def run() -> None:
        results.append(await engine.run(THREE, run_id="r1"))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        while not engine.log.runs():  # noqa: ASYNC110 -- the store tells nobody
            await anyio.sleep(0.01)
        emit(engine.log, "f", 1)
        emit(engine.log, "e", "first")
        emit(engine.log, "e", "first")  # a second copy
        emit(engine.log, "f", 3)
        emit(engine.log, "e", "second")

    assert results[0].outputs == {"all": ["first", "second", 3]}
    assert [event.data for event in told(engine.log, EventReceived)] == [1, "first", 3, "second"]


async def test_messages_that_came_while_nobody_executed_the_run_are_taken_once(
    engine: Engine,
) -> None:
    assert (await engine.run(THREE, run_id="r1", park=True)).status == "waiting"
    emit(engine.log, "e", "first")
    assert (await engine.resume("r1", park=True)).status == "waiting"
    emit(engine.log, "e", "first")
    emit(engine.log, "f", 3)
    assert (await engine.resume("r1", park=True)).status == "waiting"
    assert engine.log.due(0.0) == []
    emit(engine.log, "e", "second")

    assert (await engine.resume("r1")).outputs == {"all": ["first", "second", 3]}


async def test_an_event_that_no_step_waits_for_does_not_wake_a_parked_run_and_is_kept(
    engine: Engine,
) -> None:
    await engine.run(THREE, run_id="r1", park=True)
    emit(engine.log, "f", 3)
    emit(engine.log, "g", 4)
    assert engine.log.due(1.0) == []
    emit(engine.log, "e", "first")
    assert engine.log.due(1.0) == ["r1"]
    emit(engine.log, "e", "second")

    assert (await engine.resume("r1")).outputs == {"all": ["first", "second", 3]}


async def test_a_process_that_died_before_it_took_a_message_loses_none(engine: Engine) -> None:
    await engine.run(THREE, run_id="r1", park=True)
    for data in ("first", "second"):
        emit(engine.log, "e", data)
    die_after_resuming(engine.log)
    emit(engine.log, "f", 3)

    assert (await engine.resume("r1")).outputs == {"all": ["first", "second", 3]}


@pytest.mark.parametrize("died", [False, True])
async def test_the_wish_to_stop_a_parked_run_is_heard_even_if_a_process_died_of_it(
    engine: Engine, died: bool
) -> None:
    await engine.run(THREE, run_id="r1", park=True)
    engine.log.post("r1", "cancel", b"enough")
    assert engine.log.due(0.0) == ["r1"]
    if died:
        die_after_resuming(engine.log)

    assert (await engine.resume("r1", park=True)).status == "cancelled"
    assert [event.reason for event in told(engine.log, RunCancelled)] == ["enough"]
    # It is over: the next try does not hear of it.
    assert (await engine.resume("r1", park=True)).status == "waiting"


async def test_a_wish_to_stop_from_before_the_run_was_taken_is_not_heard(engine: Engine) -> None:
    await engine.run(THREE, run_id="r1", park=True)
    engine.log.post("r1", "cancel", b"enough")
    await engine.resume("r1")
    engine.log.post("r1", "cancel", b"too late for that try")

    assert (await engine.resume("r1", park=True)).status == "waiting"


async def test_of_two_answers_at_once_the_first_counts(engine: Engine) -> None:
    await engine.run(ASK, run_id="r1", park=True)
    for by in ("ana", "bo"):
        engine.log.post("r1", *encode(Answered(path="ask", approved=by == "bo", by=by)))

    assert (await engine.resume("r1")).outputs == {"said": "ana"}


async def test_nonsense_never_ends_a_run_and_wakes_it_once(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    await engine.run(ASK, run_id="r1", park=True)
    for kind, payload in (
        ("event", b""),
        ("answer", b"\xc1"),
        ("answer", msgspec.msgpack.encode({"path": "ask"})),
        ("dance", b"x"),
        encode(Answered(path="nowhere/3", approved=True, by="ana"))[:2],
        encode(Answered(path="ask", approved=True, by="ana", form={"no": 1}))[:2],
    ):
        engine.log.post("r1", kind, payload)

    assert (await engine.resume("r1", park=True)).status == "waiting"

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("message left aside") == 6
    assert "no field" in said.err
    assert engine.log.due(1e12) == []


async def test_a_message_is_soon_heard_by_a_run_that_only_waits(engine: Engine) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(partial(engine.run, ASK, run_id="r1"))
        await anyio.sleep(0.5)
        began = anyio.current_time()
        engine.log.post("r1", *encode(Answered(path="ask", approved=True, by="ana")))

    assert anyio.current_time() - began < 2  # some 40 ms on a machine that has nothing else to do
