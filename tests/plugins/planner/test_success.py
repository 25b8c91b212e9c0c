"""What a plan may ask of the result of a task."""

import pytest

from ciranda_planner.faults import PlanError
from ciranda_planner.plan import Success
from ciranda_planner.reading import plan_of


def plan_with(success):
    return plan_of({"tasks": [{"id": "a", "command": "x", "success": success}]})


def test_an_expression_may_stand_as_in_a_workflow():
    assert plan_with("${{ result == 'ok' }}").tasks[0].success == Success(
        expression=" result == 'ok' "
    )


@pytest.mark.parametrize(
    ("success", "said"),
    [
        ({"schema": {"type": "objekt"}}, "`schema` is no JSON Schema"),
        ({"schema": 5}, "`schema` must be a JSON Schema, not `5`"),
        ({"expression": "output.ok"}, "`output` is not known: `result` is what the task gave"),
        ("${{ 1 + }}", "the expression ends too early"),
    ],
)
def test_what_can_never_be_asked_is_a_fault_of_the_plan(success, said):
    with pytest.raises(PlanError) as caught:
        plan_with(success)

    assert [fault.kind for fault in caught.value.faults] == ["invalid_success"]
    assert said in str(caught.value)
