"""`planner.run` and `planner.plan`: plans as steps of a workflow, in virtual time."""

import pytest

from ciranda import StepError
from ciranda.events import PlanBegan, PlanEnded, RunStarted, StepCompleted, StepFailed
from ciranda.observe.identity import Identity
from ciranda.testing import SimulatedCrash, harness

pytestmark = pytest.mark.anyio

TASKS = """
        - {id: a, uses: work.one, estimate: 1}
        - {id: b, needs: [a], uses: work.two, estimate: 1}
        - {id: c, uses: work.two, estimate: 1}
"""
FLOW = f"""
ciranda: 1
name: outer
steps:
  plan:
    uses: planner.run
    with:
      workers: 2
      tasks: {TASKS}
  after:
    uses: work.take
    with: {{value: "${{{{ steps.plan.output.results.b }}}}"}}
"""


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


def works(**more):
    taken = []

    def take(value: int) -> None:
        taken.append(value)

    return {"work.one": 1, "work.two": 2, "work.take": take, **more}, taken


async def test_a_step_runs_a_plan_and_the_next_reads_its_results():
    mocks, taken = works()
    async with harness(mocks=mocks) as h:
        result = await h.run(FLOW)

        assert result.ok
        assert taken == [2]
        output = result.steps["plan"]["output"]
        assert output["plan"] == "succeeded"
        assert output["results"] == {"a": 1, "b": 2, "c": 2}
        assert output["predicted"]["lower_bound_ms"] == 2000


async def test_the_tasks_are_steps_of_a_run_that_the_record_of_the_step_names():
    mocks, _ = works()
    async with harness(mocks=mocks) as h:
        result = await h.run(FLOW)

        (began,) = h.events(PlanBegan)
        (ended,) = h.events(PlanEnded)
        inner = result.steps["plan"]["output"]["run"]
        assert began.run == ended.run == result.run_id
        assert began.path == "plan"
        assert began.plan_run == ended.plan_run == inner
        assert ended.status == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
        assert {event.path for event in h.events(StepCompleted, inner)} == {"a", "b", "c"}
        started = {event.run: event for event in h.events(RunStarted)}
        row = h.engine.log.run(inner)
        assert (row.parent, row.name) == (result.run_id, "plan")
        assert h.engine.log.run("last").id == result.run_id
        identity = Identity(result.run_id)
        assert started[inner].trace_parent == identity.traceparent("plan", 1)


async def test_a_plan_that_succeeds_in_part_fails_its_step_unless_that_is_enough():
    mocks, taken = works(**{"work.one": StepError("gone", "it is gone")})
    async with harness(mocks=mocks) as h:
        strict = await h.run(FLOW)
        flow = FLOW.replace("workers: 2", "workers: 2\n      require: partial").replace(
            "results.b", "results.c"
        )
        lenient = await h.run(flow)

    error = strict.steps["plan"]["error"]
    assert error["kind"] == "plan.partial"
    assert error["message"] == "the plan succeeded in part: 'a' failed, 'b' skipped"
    assert error["detail"]["errors"]["a"]["kind"] == "gone"
    assert lenient.ok
    assert taken == [2]


async def test_another_attempt_of_the_step_runs_only_what_is_missing():
    called = []

    def one():
        called.append("one")
        if called.count("one") == 1:
            raise StepError("busy", "later")
        return 1

    def two():
        called.append("two")
        return 2

    mocks, taken = works(**{"work.one": one, "work.two": two})
    flow = FLOW.replace("    uses: planner.run", "    uses: planner.run\n    retry: 2")
    async with harness(mocks=mocks) as h:
        result = await h.run(flow)

    assert result.ok
    assert taken == [2]
    assert sorted(called) == ["one", "one", "two", "two"]  # `c` ran once, `b` after the second `a`
    assert result.steps["plan"]["attempts"] == 2


async def test_a_run_that_died_with_its_plan_goes_on_with_both():
    called = []

    def one():
        called.append("one")
        return 1

    def two():
        called.append("two")
        return 2

    mocks, taken = works(**{"work.one": one, "work.two": two})
    async with harness(mocks=mocks) as h:
        h.kill_at("before_effect", "b")
        with pytest.raises(SimulatedCrash):
            await h.run(FLOW)
        result = await h.resume("last")

    assert result.ok
    assert taken == [2]
    assert sorted(called) == ["one", "two", "two"]


async def test_a_plan_that_succeeded_before_its_step_could_say_so_is_not_run_again():
    mocks, taken = works()
    async with harness(mocks=mocks) as h:
        h.kill_at("before_commit", "plan")
        with pytest.raises(SimulatedCrash):
            await h.run(FLOW)
        before = len(h.events(StepCompleted))
        result = await h.resume("last")

        assert result.ok
        assert taken == [2]
        assert [event.path for event in h.events(StepCompleted)[before:]] == ["plan", "after"]
        assert result.steps["plan"]["output"]["actual"]["makespan_ms"] >= 0


async def test_a_plan_has_no_more_time_than_its_step():
    flow = """
ciranda: 1
steps:
  plan:
    uses: planner.run
    timeout: 5s
    with:
      require: nothing
      tasks: [{id: a, behaviour: hang, timeout_ms: 100000}, {id: b, estimate: 1}]
"""
    async with harness() as h:
        result = await h.run(flow)
        inner = [event.run for event in h.events(RunStarted)][-1]
        row = h.engine.log.run(inner)

    assert result.steps["plan"]["error"]["kind"] == "timeout"
    assert row.status == "cancelled"  # it was stopped in order, and can be gone on with


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{tasks: []}", "no task"),
        ("{tasks: [{id: a, needs: [b]}]}", "needs `b`"),
        ("{}", "Give one of `tasks`, `file` and `goal`."),
        ("{tasks: [{id: a, uses: no.such}]}", "there is no action `no.such`"),
    ],
)
async def test_what_is_no_plan_fails_the_step_before_anything_runs(given, message):
    async with harness() as h:
        flow = f"ciranda: 1\nsteps:\n  plan: {{uses: planner.run, with: {given}}}\n"
        result = await h.run(flow)

        assert message in result.steps["plan"]["error"]["message"]
        assert len(h.events(RunStarted)) == 1


async def test_a_schedule_is_found_and_nothing_runs():
    flow = f"""
ciranda: 1
steps:
  plan:
    uses: planner.plan
    with:
      workers: 2
      tasks: {TASKS}
"""
    async with harness() as h:
        result = await h.run(flow)

    output = result.steps["plan"]["output"]
    assert output["makespan_ms"] == 2000
    assert output["levels"] == [["a", "c"], ["b"]]


async def test_a_plan_file_is_relative_to_the_workflow():
    mocks, _ = works()
    async with harness(mocks=mocks) as h:
        (h.folder / "tasks.yaml").write_text(f"max_workers: 2\ntasks: {TASKS}")
        result = await h.run(
            "ciranda: 1\nsteps:\n  plan: {uses: planner.run, with: {file: tasks.yaml}}\n"
        )

    assert result.steps["plan"]["output"]["results"] == {"a": 1, "b": 2, "c": 2}


async def test_a_plan_that_does_not_fit_its_actions_is_invalid_and_can_be_caught():
    flow = """
ciranda: 1
steps:
  plan:
    try: {inner: {uses: planner.run, with: {tasks: [{id: a, uses: planner.sleep, with: {ms: 3}}]}}}
    catch: [{on: [plan.invalid], as: e, steps: {took: {uses: work.take, with: {value: 5}}}}]
"""
    mocks, taken = works()
    async with harness(mocks=mocks) as h:
        result = await h.run(flow)
        (failed,) = h.events(StepFailed)

    assert result.ok
    assert taken == [5]
    assert "task `a`: `planner.sleep` has no input `ms`" in failed.error.message
    assert failed.error.detail["valid"] is False
