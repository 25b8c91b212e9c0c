"""What is wrong with the work of tasks is told with all else that is wrong with a plan."""

import pytest

from ciranda_planner.faults import Fault, FaultKind, PlanError
from ciranda_planner.reading import plan_of, read_plan


def test_what_is_wrong_with_work_is_told_with_all_else_at_its_place():
    text = (
        "tasks:\n  - {id: a, needs: [b], uses: shop.lod, with: {n: 1}}\n  - {id: a, estimate: 1}\n"
    )
    seen: list[tuple[str, tuple[str, ...]]] = []

    def judge(plan):
        seen.extend((task.id, task.needs) for task in plan.tasks)
        yield Fault(FaultKind.UNKNOWN_ACTION, "a", "there is no action `shop.lod`")
        yield Fault(FaultKind.INVALID_WORK, "a", "`shop.lod` has no input `n`")
        yield Fault(FaultKind.INVALID_WORK, "", "what follows from the rest")

    with pytest.raises(PlanError) as caught:
        read_plan(text.encode(), judge=judge)

    assert seen == [("a", ())]
    assert [(one.kind, one.line, one.column) for one in caught.value.faults] == [
        ("unknown_dependency", 2, 21), ("unknown_action", 2, 31), ("invalid_work", 2, 47),
        ("duplicate_id", 3, 10),
    ]  # fmt: skip


def test_work_that_is_fine_makes_no_fault():
    data = {"tasks": [{"id": "a", "uses": "shop.load"}]}

    assert plan_of(data, judge=lambda plan: []).tasks[0].estimate == 1
    with pytest.raises(PlanError, match="of the plan as a whole"):
        plan_of(
            data, judge=lambda plan: [Fault(FaultKind.INVALID_WORK, "", "of the plan as a whole")]
        )
