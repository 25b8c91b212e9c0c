"""Saved plans: what is read back is what was saved, and nothing else is taken for it."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import InputError
from ciranda_planner.differing import differ
from ciranda_planner.faults import PlanError
from ciranda_planner.plan import Plan, Task
from ciranda_planner.reading import Defaults, plan_of, read_plan
from ciranda_planner.saving import saved
from ciranda_planner.schema import plan_schema
from ciranda_planner.search import search

SCHEMA = jsonschema_rs.validator_for(plan_schema())
NAMES = st.text("abc-. ü", min_size=1, max_size=5).filter(lambda text: text == text.strip() != "")
TIMES = st.floats(0.001, 9.0)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TIMES | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = st.fixed_dictionaries(
    {"estimate": st.floats(0.0, 9.0)},
    optional={
        "title": NAMES,
        "description": NAMES,
        "kind": st.sampled_from(["io", "cpu"]),
        "cost": st.fixed_dictionaries({"requests": st.integers(0, 3)}),
        "resources": st.dictionaries(NAMES, st.just(1), max_size=2),
        "priority": st.integers(-5, 5),
        "timeout": TIMES,
        "deadline": TIMES,
        "retries": st.integers(0, 3),
        "success": st.fixed_dictionaries(
            {"file": NAMES},
            optional={"exit_code": st.integers(0, 255), "schema": st.just({"type": "string"})},
        ),
    },
)
WORK: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"uses": st.just("data.read"), "with": st.dictionaries(NAMES, PLAIN, max_size=2)}
    ),
    st.fixed_dictionaries({"command": st.lists(NAMES, min_size=1, max_size=3)}),
    st.just({"behaviour": "fail_times:2"}),
)
LIMITS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "workers": st.integers(1, 9),
        "cpu_workers": st.none() | st.integers(1, 4),
        "rate_limit": st.fixed_dictionaries({"window": TIMES, "requests": st.integers(3, 9)}),
        "timeout": TIMES,
        "tier": st.integers(1, 4),
        "mode": st.sampled_from(["conservative", "aggressive"]),
    },
)


@st.composite
def plans(draw):
    count = draw(st.integers(1, 4))
    tasks = []
    for at in range(count):
        needs = (
            draw(
                st.lists(st.sampled_from([f"t{one}" for one in range(at)]), unique=True, max_size=2)
            )
            if at
            else []
        )
        kind = draw(st.sampled_from(["needs", "validates"]))
        task = {"id": f"t{at}", kind: needs, **draw(FIELDS), **draw(WORK)}
        if "command" not in task and "success" in task:
            task["success"] = {"file": "out"}  # nothing else ends with a code
        tasks.append(task)
    return {**draw(LIMITS), "tasks": tasks}


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(1, 4))
def test_what_is_read_back_is_the_plan_that_was_saved(data, tier):
    plan = plan_of(data, defaults=Defaults(tier=tier))

    again = read_plan(saved(plan).encode(), defaults=Defaults(tier=3, cores=7))

    assert SCHEMA.is_valid(data)
    assert SCHEMA.is_valid(json.loads(saved(plan)))
    assert again.digest == plan.digest
    assert again.tasks == plan.tasks
    assert differ((plan, search(plan)), (again, search(again))).same


def example(**more):
    return json.loads(saved(plan_of({"name": "x", "tasks": [{"id": "a", "estimate": 1}]}))) | more


def refusal(data):
    with pytest.raises(PlanError) as caught:
        plan_of(data)
    return [(str(fault.kind), fault.message) for fault in caught.value.faults]


def test_options_overrule_a_saved_plan_without_making_it_another():
    data = example()

    assert plan_of(data, defaults=Defaults(workers=9, cpu_workers=2)).workers == 9


def test_a_plan_that_was_changed_after_it_was_saved_is_refused():
    data = example()
    data["tasks"][0]["estimate"] = 2

    (found,) = refusal(data)

    assert found[0] == "altered_plan"
    assert "take its `digest` out" in found[1]
    del data["digest"]
    assert plan_of(data).tasks[0].estimate == 2


@pytest.mark.parametrize("digest", ["", None, 7, [], "0" * 64])
def test_a_digest_of_something_else_is_refused(digest):
    assert refusal(example(digest=digest))[0][0] == "altered_plan"


def test_the_plan_of_another_program_is_refused_with_one_sentence():
    assert refusal(example(format="gantt project")) == [
        (
            "invalid_file",
            "`format` is `gantt project`, and a saved plan says `ciranda plan`:"
            " name a plan, or what `ciranda planner plan --save` wrote",
        )
    ]


def test_the_plan_of_a_later_version_is_refused_with_one_sentence():
    assert refusal(example(version=2, colours=["red"])) == [
        (
            "unknown_version",
            "the plan is of version 2, and this planner reads up to 1: install a newer ciranda",
        )
    ]


def test_what_json_cannot_hold_is_not_saved():
    task = Task("a", uses="data.read", with_={"limit": float("inf")})

    with pytest.raises(InputError, match="holds what JSON cannot"):
        saved(Plan("odd", (task,), 1))


def difference(before, after):
    return differ(*((plan, search(plan)) for plan in map(plan_of, (before, after))))


def test_a_difference_names_tasks_fields_and_the_predicted_run():
    before = {
        "name": "x",
        "workers": 2,
        "tasks": [{"id": "a", "estimate": 1}, {"id": "b", "estimate": 1}],
    }
    after = {
        "name": "x",
        "workers": 1,
        "tasks": [{"id": "c", "estimate": 1}, {"id": "a", "estimate": "3s", "needs": ["c"]}],
    }

    found = difference(before, after).plain()

    assert found["same"] is False
    assert found["added"] == ["c"]
    assert found["removed"] == ["b"]
    assert found["changed"] == {"a": {"estimate": [1.0, 3.0], "needs": [None, ["c"]]}}
    assert found["limits"] == {"workers": [2, 1]}
    assert found["makespan_ms"] == [1000, 4000]
    assert found["critical_path"] == [["a"], ["c", "a"]]


def test_plans_that_only_spell_differently_are_the_same():
    before = {"name": "x", "workers": 1, "tasks": [{"id": "a", "duration_ms": 1500, "deps": []}]}
    after = {"name": "x", "max_workers": 1, "tasks": [{"id": "a", "estimate": "1s500ms"}]}

    found = difference(before, after)

    assert found.same
    assert found.digests[0] == found.digests[1]


def test_the_schema_knows_the_fields_that_are_read():
    from ciranda_planner import reading, tasks

    schema = plan_schema()

    assert set(schema["properties"]) == reading._FIELDS
    assert set(schema["properties"]["tasks"]["items"]["properties"]) == tasks._FIELDS


@pytest.mark.parametrize(
    "wrong", [{}, {"tasks": []}, {"tasks": [{"id": "a", "estimat": 1}]}, {"tasks": [{"id": ""}]}]
)
def test_the_schema_refuses_what_is_no_plan(wrong):
    assert not SCHEMA.is_valid(wrong)


CASES = json.loads((Path(__file__).parent / "cases" / "planner.json").read_text())["cases"]


def test_the_schema_takes_every_plan_that_is_read():
    valid = [case for case in CASES if not case["expected"].get("errors")]

    assert len(valid) > 5
    assert [case["id"] for case in valid if not SCHEMA.is_valid(case)] == []
