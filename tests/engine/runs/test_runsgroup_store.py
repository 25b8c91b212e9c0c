"""At most so many runs of a group work at once, whichever processes execute them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from ciranda import Engine
from ciranda.cli.waiting import said_waits
from ciranda.context import Context, RunInfo
from ciranda.events import RunCancelled, RunParked, StepStarted
from ciranda.runs.journal import decode
from ciranda.runs.messages import Emitted, encode
from ciranda.runs.outcome import RunResult
from ciranda.runs.waits import waits_of
from ciranda.store import Process, RunRow, SqliteLog
from ciranda.store.members import MembersInFile
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow

pytestmark = pytest.mark.anyio

TEXT = """
ciranda: 1
name: ship
concurrency: {group: ship, policy: POLICY}
steps:
  first: {run: [echo, hi]}
  get: {needs: [first], wait: {event: go}}
"""
FLOW, NEWEST, ONE = (
    loads(TEXT.replace("POLICY", policy).encode(), file="ship.yaml")
    for policy in ("queue", "cancel-old", "fail")
)


@pytest.fixture
def anyio_backend() -> str:
    """One event loop: the store sets the pace, and its threads know no virtual time."""
    return "asyncio"


class Both:
    """Two engines on one store, as two processes have them, and the results of their runs."""

    def __init__(self, first: Engine, second: Engine) -> None:
        self.first, self.second = first, second
        self.log = first.log
        self.results: dict[str, RunResult] = {}

    async def run(
        self, engine: Engine, run: str, workflow: Workflow = FLOW, park: bool = False
    ) -> None:
        self.results[run] = await engine.run(workflow, run_id=run, park=park)

    async def resume(self, engine: Engine, run: str) -> None:
        self.results[run] = await engine.resume(run)

    def go(self, run: str) -> None:
        self.log.post(run, *encode(Emitted(id=os.urandom(4).hex(), event="go", data=1)))

    async def until(self, run: str, kind: type) -> None:
        """Wait for the first event of a kind in the log of a run."""
        while not (self.began(run) and self.told(run, kind)):  # noqa: ASYNC110 -- nobody tells
            await anyio.sleep(0.01)

    def began(self, run: str) -> bool:
        return run in {row.id for row in self.log.runs()}

    def told(self, run: str, kind: type) -> list[object]:
        return [one for one in map(decode, self.log.read(run)) if isinstance(one, kind)]

    def status(self, run: str) -> str:
        return self.log.run(run).status


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with (
        Engine(store=tmp_path, durability="process") as first,
        Engine(store=tmp_path, durability="process") as second,
    ):
        yield Both(first, second)


async def test_a_run_of_another_process_is_waited_for_as_the_store_shows(both: Both) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.first, "a")
        await both.until("a", StepStarted)
        group.start_soon(both.run, both.second, "b")
        await both.until("b", RunParked)
        assert both.status("b") == "waiting"
        assert not both.told("b", StepStarted)
        assert both.log.due(2e9) == []  # its process stays with it
        assert said_waits(waits_of(both.log, "b")) == "a place in the group ship"
        both.go("b")  # what comes meanwhile is kept
        both.go("a")

    assert both.results["b"].status == "succeeded"
    assert both.told("b", RunParked)[0].group == "ship"  # type: ignore[attr-defined]
    assert both.status("b") == "succeeded"


async def test_a_run_that_waits_hears_the_wish_to_stop_and_can_be_resumed(both: Both) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.first, "a")
        await both.until("a", StepStarted)
        group.start_soon(both.run, both.second, "b")
        await both.until("b", RunParked)
        both.log.post("b", "cancel", b"not today")
        while "b" not in both.results:  # noqa: ASYNC110 -- nobody tells
            await anyio.sleep(0.01)
        both.go("a")

    result = both.results["b"]
    assert (result.status, result.error and result.error["message"]) == ("cancelled", "not today")
    assert not both.told("b", StepStarted)
    both.go("b")
    assert (await both.second.resume("b")).status == "succeeded"


async def test_a_newer_run_has_a_run_of_another_process_cancelled(both: Both) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.first, "a", NEWEST)
        await both.until("a", StepStarted)
        group.start_soon(both.run, both.second, "b", NEWEST)
        await both.until("b", StepStarted)
        both.go("b")

    assert both.results["a"].status == "cancelled"
    (cancelled,) = both.told("a", RunCancelled)
    assert cancelled.reason == "run b of the group `ship` took its place"  # type: ignore[attr-defined]
    assert both.results["b"].status == "succeeded"


async def test_a_parked_run_holds_no_place_and_waits_for_one_to_go_on(both: Both) -> None:
    await both.run(both.first, "a", ONE, park=True)
    assert both.results["a"].status == "waiting"
    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.second, "b", ONE)  # the place is free
        await both.until("b", StepStarted)
        both.go("a")
        group.start_soon(both.resume, both.first, "a")  # waits, though new ones would fail
        while len(both.told("a", RunParked)) < 2:  # noqa: ASYNC110 -- nobody tells
            await anyio.sleep(0.01)
        assert (await both.second.run(ONE)).status == "failed"
        both.go("b")

    assert [both.results[run].status for run in "ab"] == ["succeeded", "succeeded"]


async def test_the_place_of_a_process_that_is_gone_is_free_and_so_is_its_turn(
    both: Both, tmp_path: Path
) -> None:
    gone = SqliteLog(tmp_path, process=Process(pid=2**22 + 1, started="1"))
    members = MembersInFile(tmp_path)
    for run in ("dead", "pruned"):
        members.join("ship", run, 1)
    gone.create_run(RunRow(id="dead", name="ship", file="", status="running", created=1.0))
    gone.acquire("dead", "gone", 30)
    gone.close()
    members.close()

    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.first, "a", ONE)
        await both.until("a", StepStarted)
        both.go("a")

    assert both.results["a"].status == "succeeded"


async def test_a_run_that_is_a_part_of_another_one_works_in_its_place(both: Both) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(both.run, both.first, "a", ONE)
        await both.until("a", StepStarted)
        step = Context(object(), RunInfo("a"), "get", "get")  # type: ignore[arg-type]
        both.results["b"] = await both.first.run(ONE, run_id="b", part_of=step, park=True)
        both.go("a")

    assert both.results["b"].status == "waiting"
    assert both.results["a"].status == "succeeded"
