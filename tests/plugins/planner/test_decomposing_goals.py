"""From a goal to a plan: who is asked, what is planned again, and what is never a success."""

import anyio
import pytest

from ciranda_planner.decomposing import (
    Complexity,
    Decomposer,
    Decomposition,
    Goal,
    GoalPlanner,
    analyse,
)
from ciranda_planner.faults import FaultKind, PlanError
from ciranda_planner.testing import RecordedDecomposer

pytestmark = pytest.mark.anyio

GOAL = "- build\n- test\n- ship"


async def kinds(planner, text, **options):
    with pytest.raises(PlanError) as caught:
        await planner.plan(Goal(text=text), **options)
    return [fault.kind.value for fault in caught.value.faults]


async def test_a_checklist_becomes_a_plan_without_faults():
    made = await GoalPlanner().plan(
        Goal(text="# Release\n1. build (2m)\n2. test (30s)\n"), fields={"max_workers": 3}
    )

    assert made.plan.name == made.document["name"] == "Release"
    assert made.plan.workers == 3
    assert [(task.id, task.needs, task.estimate) for task in made.plan.tasks] == [
        ("build", (), 120.0),
        ("test", ("build",), 30.0),
    ]
    assert (made.decomposer, made.calls, made.wordless) == ("rules", 1, ("build", "test"))


async def test_faults_of_the_text_and_of_the_graph_are_told_together():
    text = "- a1 (after b1)\n- b1 (after a1)\n- c1 (-1m)\n- d1 {#x}\n- e1 {#x}\n- f1 after lunch"

    assert sorted(await kinds(GoalPlanner(), text)) == [
        "cycle", "duplicate_id", "invalid_duration", "unknown_dependency",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a title", "???", "- [x] done", "- [ ]"])
async def test_a_goal_that_makes_no_sense_is_never_an_empty_success(text):
    found = await kinds(GoalPlanner(), text)

    assert found in (["empty_plan"], ["invalid_task"])


async def test_a_decomposer_that_finds_nothing_is_no_success_either():
    recorded = RecordedDecomposer({GOAL: []})

    assert await kinds(GoalPlanner([recorded.decomposer]), GOAL) == ["empty_plan"]


async def test_work_that_nobody_named_is_a_fault_where_the_plan_is_to_be_run():
    text = "- build `make`\n- think hard\n- [x] rest\n"

    with pytest.raises(PlanError, match="nobody said what does the task `think_hard`") as caught:
        await GoalPlanner().plan(Goal(text=text), executable=True)

    (fault,) = caught.value.faults
    assert (fault.kind, fault.line) == (FaultKind.INVALID_WORK, 2)


async def test_the_first_decomposer_that_takes_a_goal_makes_its_plan():
    first = RecordedDecomposer({}, name="first")
    second = RecordedDecomposer({GOAL: [{"id": "all", "command": ["make"]}]}, name="second")
    planner = GoalPlanner([first.decomposer, second.decomposer])

    made = await planner.plan(Goal(text=GOAL))

    assert made.decomposer == "second"
    assert [task.id for task in made.plan.tasks] == ["all"]
    assert [len(first.asked), len(second.asked)] == [1, 1]
    assert (await planner.plan(Goal(text="- other\n- goal"))).decomposer == "rules"


async def test_goals_of_one_part_are_not_worth_the_question_unless_a_decomposer_says_so():
    model = RecordedDecomposer({}, simple=False)
    planner = GoalPlanner([model.decomposer])

    await planner.plan(Goal(text="Build it"))
    assert model.asked == []
    await planner.plan(Goal(text=GOAL))
    assert len(model.asked) == 1

    never = GoalPlanner([model.decomposer], complexity=lambda _: Complexity(0.0, False, "never"))
    await never.plan(Goal(text=GOAL))
    assert len(model.asked) == 1


async def test_one_decomposer_can_be_asked_for_by_name():
    recorded = RecordedDecomposer({"x": [{"id": "x"}]})
    planner = GoalPlanner([recorded.decomposer])

    assert (await planner.plan(Goal(text=GOAL), decomposer="rules")).decomposer == "rules"
    assert await kinds(planner, GOAL, decomposer="recorded") == ["decomposer_failed"]
    with pytest.raises(PlanError, match="no decomposer `rule`: did you mean `rules`"):
        await planner.plan(Goal(text=GOAL), decomposer="rule")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (ValueError("no key"), "the decomposer `recorded` raised ValueError: no key"),
        (7, "answered with int: return a Decomposition, or None"),
        (Decomposition(tasks=[{"id": "a", "with": {"x": object()}}]), "what no plan file holds"),
        (Decomposition(tasks=[{"id": "a"}], again=("b",)), "`b` is to be planned again, which is"),
    ],
)
async def test_a_decomposer_that_fails_is_a_fault_that_names_it(answer, sentence):
    planner = GoalPlanner([RecordedDecomposer({GOAL: answer}).decomposer])

    with pytest.raises(PlanError, match=sentence) as caught:
        await planner.plan(Goal(text=GOAL))

    assert [fault.kind.value for fault in caught.value.faults] == ["decomposer_failed"]


async def test_a_decomposer_that_does_not_answer_is_not_waited_for():
    async def sleep(assignment):
        await anyio.sleep_forever()

    slow = Decomposer(name="slow", decompose=sleep, timeout=0.01)

    with pytest.raises(PlanError, match=r"`slow` gave no answer within 0.01 s"):
        await GoalPlanner([slow]).plan(Goal(text=GOAL))


async def test_what_a_decomposer_answers_is_validated_like_a_plan_file():
    tasks = [{"id": "a", "needs": ["b"]}, {"id": "b", "needs": ["a"]}, {"id": "a"}]
    planner = GoalPlanner([RecordedDecomposer({GOAL: tasks}).decomposer])

    assert {"cycle", "duplicate_id"} <= set(await kinds(planner, GOAL))


def complex_subtasks(assignment):
    """Answer every question with three tasks that each look like a goal of their own."""
    words = "First count the lines, then lint them, then report. Finally, tell everybody."
    names = ("one", "two", "three")
    return Decomposition(tasks=[{"id": name, "description": words} for name in names])


async def test_subtasks_are_not_planned_again_however_complex_they_look():
    # What was replaced asked its policy about each subtask: 150 calls, 50 deep, nothing executed.
    asked = []

    def decompose(assignment):
        asked.append(assignment.depth)
        return complex_subtasks(assignment)

    eager = Decomposer(
        name="eager", decompose=decompose, complexity=lambda _: Complexity(9.0, True, "complex")
    )

    made = await GoalPlanner([eager]).plan(Goal(text=GOAL))

    assert asked == [0]
    assert made.calls == 1
    assert [task.id for task in made.plan.tasks] == ["one", "two", "three"]


async def test_planning_ends_even_if_every_subtask_asks_to_be_planned_again():
    asked = []

    def decompose(assignment):
        asked.append(assignment.depth)
        tasks = [{"id": n, "title": f"{n} of {len(asked)}"} for n in ("one", "two", "three")]
        return Decomposition(tasks=tasks, again=("one", "two", "three"))

    greedy = Decomposer(
        name="greedy", decompose=decompose, complexity=lambda _: Complexity(9.0, True, "complex")
    )

    assert await kinds(GoalPlanner([greedy], deepest=2), GOAL) == ["too_deep"]
    assert len(asked) <= 1 + 3 + 9
    assert max(asked) == 2
    asked.clear()
    assert await kinds(GoalPlanner([greedy], deepest=50, most=10), GOAL) == ["too_deep"]
    assert len(asked) == 10


async def test_a_task_is_not_planned_by_the_text_that_it_comes_from():
    again = Decomposition(tasks=[{"id": "same", "title": GOAL}], again=("same",))
    recorded = RecordedDecomposer({GOAL: again})

    with pytest.raises(PlanError, match="the text that it comes from, without end"):
        await GoalPlanner([recorded.decomposer]).plan(Goal(text=GOAL))

    assert len(recorded.asked) == 1


async def test_a_task_that_says_so_is_planned_again_and_its_parts_take_its_place():
    first = Decomposition(
        tasks=[
            {"id": "fetch"},
            {"id": "check", "title": "Check it", "needs": ["fetch"]},
            {"id": "ship", "needs": ["check"]},
        ],
        again=("check",),
    )
    second = [{"id": "lint"}, {"id": "test"}, {"id": "fix", "needs": ["lint"]}]
    recorded = RecordedDecomposer({GOAL: first, "Check it": second})

    made = await GoalPlanner([recorded.decomposer]).plan(Goal(text=GOAL))

    assert {task.id: set(task.needs) for task in made.plan.tasks} == {
        "fetch": set(),
        "check_lint": {"fetch"},
        "check_test": {"fetch"},
        "check_fix": {"check_lint"},
        "ship": {"check_test", "check_fix"},
    }
    assert made.calls == 2
    assert [each.above for each in recorded.asked] == [(), (GOAL,)]


async def test_a_task_planned_again_into_nothing_is_a_fault():
    first = Decomposition(tasks=[{"id": "a", "title": "gone"}], again=("a",))
    recorded = RecordedDecomposer({GOAL: first, "gone": []})

    assert await kinds(GoalPlanner([recorded.decomposer]), GOAL) == ["empty_plan"]


async def test_a_goal_is_weighed_by_what_it_is_made_of():
    analysis = analyse("# Title\n- each `*.py`, then lint\n  - sub\n")

    assert (analysis.form, analysis.parts, analysis.clauses) == ("list", 2, 1)
    assert (analysis.patterns, analysis.depth) == (1, 2)


async def test_a_goal_has_an_end():
    assert await kinds(GoalPlanner(), "- a\n" * 200_000) == ["too_large"]
    assert await kinds(GoalPlanner(), "- a\n" * 11_000) == ["too_large"]
    assert await kinds(GoalPlanner(), "- " + "word " * 2000) == ["too_large"]


async def test_a_task_may_be_handed_what_those_it_needs_gave():
    text = (
        "- [x] old\n- one `uses: a.b`\n- two `uses: a.b` {#the-second}\n"
        "- sum `uses: a.sum with: {of: '{needs}', as: '{title}'}` after everything else\n"
    )

    made = await GoalPlanner().plan(Goal(text=text))

    assert made.document["tasks"][-1]["with"] == {
        "of": {
            "one": "${{ steps.one.output }}",
            "the-second": "${{ steps.the_second.output }}",
        },
        "as": "sum",
    }
