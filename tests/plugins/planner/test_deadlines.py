"""Deadlines go from a task to its parts, and to what it needs."""

import anyio
import pytest

from ciranda_planner.deadlines import deadlines_of
from ciranda_planner.decomposing import Decomposition, Goal, GoalPlanner, plan_by_rules
from ciranda_planner.faults import PlanError
from ciranda_planner.search import search
from ciranda_planner.testing import RecordedDecomposer
from ciranda_planner.warning import warnings_of

from .running import plan_of, run, sleeps, words


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


def test_what_only_tasks_with_deadlines_need_is_of_use_until_the_last_of_them():
    plan = plan_of(
        sleeps("first"),
        sleeps("a", "first"),
        sleeps("b", "first", deadline=9),
        sleeps("c", "a", deadline=3),
        sleeps("d", "a", deadline=5),
        sleeps("e", "b", deadline=20),
        sleeps("free"),
        sleeps("wanted"),
        sleeps("by", "wanted", deadline=1),
        sleeps("and", "wanted"),
    )

    assert deadlines_of(plan) == {
        "first": 9, "a": 5, "b": 9, "c": 3, "d": 5, "e": 20, "by": 1,
    }  # fmt: skip


def test_who_stands_by_has_but_its_own_deadline():
    helped = sleeps("a", deadline=2, contingency="help")

    assert deadlines_of(plan_of(helped, sleeps("help"))) == {"a": 2}
    assert deadlines_of(plan_of(helped, sleeps("help", deadline=3))) == {"a": 2, "help": 3}
    assert deadlines_of(plan_of(sleeps("a"))) == {}


def test_a_prediction_tells_of_needed_work_that_comes_too_late():
    plan = plan_of(sleeps("a", seconds=4), sleeps("b", "a", deadline=3))

    found = [each.message for each in warnings_of(plan, search(plan))]

    assert found == [
        "task `a` is expected to end after 4s, and its needers' deadline is 3s",
        "task `b` is expected to end after 5s, and its deadline is 3s",
    ]


@pytest.mark.anyio
async def test_needed_work_is_stopped_when_nobody_can_use_it_any_more():
    plan = plan_of(sleeps("a", seconds=60), sleeps("b", "a", deadline=2), sleeps("c"))

    outcome = await run(plan)

    assert words(outcome) == {"a": "timed_out", "b": "skipped", "c": "succeeded"}
    assert outcome.wall == pytest.approx(2, abs=0.01)


@pytest.mark.anyio
async def test_work_whose_deadline_is_over_is_not_begun():
    begun = []

    async def work():
        begun.append(anyio.current_time())

    late = sleeps("b", "a", deadline=1, uses="t.work")
    plan = plan_of(sleeps("a", seconds=2), late, sleeps("c", "a"))

    outcome = await run(plan, mocks={"t.work": work})

    assert words(outcome) == {"a": "succeeded", "b": "timed_out", "c": "succeeded"}
    assert begun == []


def test_the_parts_of_a_goals_item_end_before_its_deadline(tmp_path):
    text = """\
- [ ] Build (within 1h)
  - [ ] Compile `cc` (within 2h)
  - [ ] Link `ld` (within 10m)
  - [ ] Pack `zip`
- [ ] Ship after build `ship`
"""

    plan = plan_by_rules(Goal(text=text, folder=tmp_path)).plan

    assert {task.id: task.deadline for task in plan.tasks} == {
        "compile": 3600, "link": 600, "pack": 3600, "ship": None,
    }  # fmt: skip


@pytest.mark.anyio
async def test_the_parts_of_a_task_that_is_planned_again_end_before_its_deadline():
    whole = {"id": "check", "title": "Check it", "deadline_ms": 60_000}
    first = Decomposition(tasks=[whole, {"id": "ship", "title": "Ship"}], again=("check",))
    parts = [
        {"id": "lint", "title": "Lint"},
        {"id": "test", "title": "Test", "deadline": "5s"},
        {"id": "fix", "title": "Fix", "deadline_ms": 90_000},
        {"id": "odd", "title": "Odd", "deadline": "2m"},
    ]
    recorded = RecordedDecomposer({"a goal": first, "Check it": parts})

    made = await GoalPlanner([recorded.decomposer]).plan(Goal(text="a goal"))

    assert {task.id: task.deadline for task in made.plan.tasks} == {
        "check_lint": 60, "check_test": 5, "check_fix": 60, "check_odd": 60, "ship": None,
    }  # fmt: skip


@pytest.mark.anyio
async def test_a_deadline_that_is_none_is_still_a_fault():
    whole = {"id": "check", "title": "Check it", "deadline": 60}
    first = Decomposition(tasks=[whole], again=("check",))
    parts = [{"id": "lint", "title": "Lint", "deadline": "soon"}]
    recorded = RecordedDecomposer({"a goal": first, "Check it": parts})

    with pytest.raises(PlanError, match="`soon` is not a duration"):
        await GoalPlanner([recorded.decomposer]).plan(Goal(text="a goal"))
