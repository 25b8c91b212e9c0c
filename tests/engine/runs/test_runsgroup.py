"""At most so many runs of a group work at once: in memory, in virtual time."""

from typing import Any

import anyio
import pytest

from ciranda import Engine
from ciranda.events import Event, RunParked, StepCompleted
from ciranda.runs.outcome import RunResult
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow

pytestmark = pytest.mark.anyio


def flow(policy: str = "queue", most: int = 1, more: str = "") -> Workflow:
    return loads(
        f"""
ciranda: 1
name: ship
inputs: {{to: {{default: east}}}}
concurrency: {{group: "ship-${{{{ inputs.to }}}}", max: {most}, policy: {policy}}}
steps:
  work: {{sleep: 10s}}
{more}
""".encode(),
        file="ship.yaml",
    )


class Runs:
    """Begins runs at their times and notes when each works and how it ends."""

    def __init__(self) -> None:
        self.ends: dict[str, float] = {}
        self.results: dict[str, RunResult] = {}
        self.told: list[Event] = []
        self.engine: Engine

    async def begin(self, workflow: Workflow, *runs: tuple[str, float, str]) -> None:
        async with Engine(durability="off", listener=self.told.append) as self.engine:
            self.zero = anyio.current_time()
            async with anyio.create_task_group() as group:
                for run, at, to in runs:
                    group.start_soon(self._run, workflow, run, at, to)

    async def _run(self, workflow: Workflow, run: str, at: float, to: str) -> None:
        await anyio.sleep(at)
        self.results[run] = await self.engine.run(workflow, run_id=run, inputs={"to": to})
        self.ends[run] = anyio.current_time() - self.zero

    def status(self, run: str) -> str:
        return self.results[run].status

    def error(self, run: str) -> dict[str, Any]:
        found = self.results[run].error
        assert found is not None
        return found


async def test_runs_of_a_group_work_one_after_the_other_the_oldest_first() -> None:
    runs = Runs()
    await runs.begin(flow(), ("a", 0, "east"), ("c", 2, "east"), ("b", 1, "east"))

    assert list(runs.ends) == ["a", "b", "c"]
    assert runs.ends == pytest.approx({"a": 10, "b": 20, "c": 30}, abs=1.5)
    waited = [event for event in runs.told if isinstance(event, RunParked)]
    assert [(event.run, event.group) for event in waited] == [
        ("b", "ship-east"),
        ("c", "ship-east"),
    ]
    works = [event.run for event in runs.told if isinstance(event, StepCompleted)]
    assert works == ["a", "b", "c"]


async def test_as_many_as_max_work_at_once_and_other_groups_do_not_wait() -> None:
    runs = Runs()
    begun = [("a", 0.0, "east"), ("b", 0.1, "east"), ("c", 0.2, "east"), ("d", 0.3, "west")]
    await runs.begin(flow(most=2), *begun)

    assert runs.ends == pytest.approx({"a": 10, "b": 10, "c": 20, "d": 10}, abs=1.5)


@pytest.mark.parametrize(
    ("policy", "status", "kind"),
    [("fail", "failed", "conflict"), ("cancel-new", "cancelled", "cancelled")],
)
async def test_a_run_that_a_full_group_refuses_ends_without_a_step(
    policy: str, status: str, kind: str
) -> None:
    runs = Runs()
    handler = 'finally:\n  tell: {fail: {kind: x.y, message: "no"}}'
    await runs.begin(
        flow(policy, more=handler), ("a", 0, "west"), ("b", 1, "west"), ("c", 20, "west")
    )

    assert runs.status("b") == status
    assert runs.ends["b"] == pytest.approx(1, abs=0.1)
    assert runs.error("b")["kind"] == kind
    assert runs.error("b")["message"] == "the group `ship-west` is full: run a is in it"
    assert runs.results["b"].steps["work"]["status"] == "pending"
    assert runs.ends["c"] == pytest.approx(30, abs=0.1)  # it was let in


async def test_a_newer_run_takes_the_place_of_the_oldest_of_those_that_are_there() -> None:
    runs = Runs()
    await runs.begin(
        flow("cancel-old", most=2), ("a", 0, "x"), ("b", 1, "x"), ("c", 2, "x"), ("d", 3, "x")
    )

    statuses = {run: runs.status(run) for run in "abcd"}
    assert statuses == {"a": "cancelled", "b": "cancelled", "c": "succeeded", "d": "succeeded"}
    assert runs.ends["a"] == pytest.approx(2, abs=0.1)
    assert runs.results["a"].steps["work"]["status"] == "cancelled"
    assert runs.ends["d"] == pytest.approx(13, abs=0.2)


async def test_an_older_run_that_waits_gives_its_turn_up_to_a_newer_one() -> None:
    runs = Runs()
    slow = "on-cancel:\n  undo: {sleep: 5s}"
    await runs.begin(flow("cancel-old", more=slow), ("a", 0, "x"), ("b", 1, "x"), ("c", 2, "x"))

    assert [runs.status(run) for run in "abc"] == ["cancelled", "cancelled", "succeeded"]
    assert runs.error("b")["message"] == "run c of the group `ship-x` took its place"
    assert runs.ends["b"] < 3  # it never began: there is nothing to undo
    assert runs.ends["c"] == pytest.approx(16, abs=0.5)  # when a had ended


async def test_a_run_that_waits_can_be_cancelled_and_those_behind_it_move_up() -> None:
    runs = Runs()

    async def stop() -> None:
        await anyio.sleep(3)
        runs.engine.cancel("changed my mind", run="b")

    async with anyio.create_task_group() as group:
        group.start_soon(stop)
        await runs.begin(flow(), ("a", 0, "x"), ("b", 1, "x"), ("c", 2, "x"))

    assert runs.status("b") == "cancelled"
    assert runs.error("b")["message"] == "changed my mind"
    assert runs.ends["b"] == pytest.approx(3, abs=0.2)
    assert runs.ends["c"] == pytest.approx(20, abs=0.5)


async def test_a_group_that_has_no_name_fails_the_run_and_holds_nobody_up() -> None:
    workflow = loads(
        b"""
ciranda: 1
name: ship
inputs: {to: {type: array}}
concurrency: {group: "${{ inputs.to[3] }}"}
steps:
  work: {sleep: 10s}
""",
        file="ship.yaml",
    )
    async with Engine(durability="off") as engine:
        result = await engine.run(workflow, inputs={"to": []})

    assert result.status == "failed"
    assert result.error is not None
    assert result.error["kind"] == "invalid-input"
    assert "`concurrency.group` cannot be evaluated" in result.error["message"]


async def test_the_time_limit_of_a_run_begins_when_it_has_its_place() -> None:
    runs = Runs()
    await runs.begin(flow(more="timeout: 15s"), ("a", 0, "x"), ("b", 0.5, "x"))

    assert runs.status("b") == "succeeded"
