"""A task that reads what another gave waits for it, written or not."""

import pytest

from ciranda_planner.faults import PlanError
from ciranda_planner.reading import plan_of
from ciranda_planner.search import search


def needs(*tasks):
    return {task.id: task.needs for task in plan_of({"tasks": [*tasks]}).tasks}


def reads(name, text, **more):
    return {"id": name, "uses": "data.read", "with": {"a": [{"b": text}]}, **more}


def test_a_plan_knows_what_its_expressions_read():
    found = needs(
        {"id": "a b", "duration_ms": 100},
        {"id": "c", "duration_ms": 100},
        reads("d", "${{ steps.a_b.output }} and ${{ steps.c.output }}", needs=["c"]),
        {"id": "e", "command": ["echo", "${{ steps['d'].output }}", "steps.c.output"]},
    )

    assert found == {"a b": (), "c": (), "d": ("c", "a b"), "e": ("d",)}


def test_the_schedule_waits_for_what_is_read():
    first = {"id": "a", "duration_ms": 100}
    plan = plan_of({"tasks": [first, reads("b", "${{ steps.a.output }}", duration_ms=50)]})

    assert search(plan).starts == {"a": 0, "b": 0.1}
    assert search(plan).levels == (("a",), ("b",))


def test_tasks_that_read_each_other_wait_for_ever():
    with pytest.raises(PlanError, match="wait for each other: `a` → `b` → `a`"):
        needs(reads("a", "${{ steps.b.output }}"), reads("b", "${{ steps.a.output }}"))


def test_what_is_no_task_and_what_is_no_expression_is_told_by_the_workflow():
    found = needs(
        reads("a", "${{ steps.ghost.output }}"),
        reads("b", "${{ 1 + }}"),
        reads("c", "${{ steps.c.output }} ${{ inputs.a }}"),
        reads("d", "${{ steps.help.status }}", contingency="help"),
        {"id": "help", "command": "true"},
    )

    assert set(found.values()) == {()}
