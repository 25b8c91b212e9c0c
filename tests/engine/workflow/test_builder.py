"""Workflows made in Python."""

from datetime import timedelta
from pathlib import Path

import pytest

from ciranda.actions import Action, action
from ciranda.errors import WorkflowError
from ciranda.workflow.builder import Workflow, load, model_of
from ciranda.workflow.check import check
from ciranda.workflow.load import loads
from ciranda.workflow.model import Cache, EnvVar, Retry, SecretRef

DATA = Path(__file__).parent / "data"


def double(x: int) -> int:
    return 2 * x


@action("python.triple")
def triple(x: int) -> int:
    """Triple it."""
    return 3 * x


def test_the_builder_says_what_a_file_says():
    flow = Workflow("sum", description="Adds.")
    count = flow.input("n", "integer", default=3, minimum=1)
    host = flow.env("PGHOST", {"from": "PGHOST", "default": "localhost"})
    key = flow.secret("KEY", env="API_KEY")
    load = flow.step("load", uses="math.add", with_={"x": count, "y": 2}, retry=3, timeout="30s")
    flow.step(
        "each",
        map=load.output["rows"],
        as_="row",
        run=["say", f"{host}/{count}", "${{ row.name }}"],
        env={"KEY": key},
        needs=[load],
        if_="steps.load.output.ok",
        max_parallel=2,
        ok_codes=[0, 1],
        cache={"ttl": timedelta(hours=1), "key": count},
    )
    flow.output("total", load.output)

    written = loads(
        """ciranda: 1
name: sum
description: Adds.
inputs: {n: {type: integer, default: 3, minimum: 1}}
env: {PGHOST: {from: PGHOST, default: localhost}}
secrets: {KEY: {env: API_KEY}}
steps:
  load: {uses: math.add, with: {x: "${{ inputs.n }}", y: 2}, retry: 3, timeout: 30s}
  each:
    map: ${{ steps.load.output.rows }}
    as: row
    run: [say, "${{ env.PGHOST }}/${{ inputs.n }}", "${{ row.name }}"]
    env: {KEY: "${{ secrets.KEY }}"}
    needs: [load]
    if: steps.load.output.ok
    max-parallel: 2
    ok-codes: [0, 1]
    cache: {ttl: 1h, key: "${{ inputs.n }}"}
outputs: {total: "${{ steps.load.output }}"}
"""
    )
    built = flow.model()

    for name in ("name", "description", "inputs", "env", "secrets", "outputs"):
        assert getattr(built, name) == getattr(written, name)
    for step in written.steps.values():
        mine = built.steps[step.id]
        assert (mine.uses, mine.with_, mine.env, mine.needs) == (
            step.uses, step.with_, step.env, step.needs,
        )  # fmt: skip
        assert (mine.map, mine.as_, mine.if_, mine.cache, mine.retry) == (
            step.map, step.as_, step.if_, step.cache, step.retry,
        )  # fmt: skip


def test_durations_may_be_numbers_of_seconds_and_timedeltas():
    flow = Workflow("times")
    flow.step("a", uses="x.y", timeout=1.5, deadline=timedelta(minutes=2), retry={"backoff": 0.25})

    step = flow.model().steps["a"]

    assert (step.timeout, step.deadline, step.retry) == (1.5, 120.0, Retry(backoff=0.25))


def test_functions_are_actions_of_their_own(actions: dict[str, Action]):
    flow = Workflow("functions")
    a = flow.step("a", uses=double, with_={"x": 1})
    flow.step("b", uses=triple, with_={"x": a.output})
    flow.step("c", uses=lambda: 1)
    flow.step("d", uses=lambda: 2)
    flow.step("e", uses=double, with_={"x": 2})

    model = flow.model()

    assert [step.uses for step in model.steps.values()] == [
        "python.double", "python.triple", "python.lambda", "python.lambda_2", "python.double",
    ]  # fmt: skip
    assert model.functions["python.double"] is double
    assert model.functions["python.triple"] is triple
    made = {
        name: each if isinstance(each, Action) else action(name)(each)
        for name, each in model.functions.items()
    }
    assert check(model, {**actions, **made}).edges["b"] == ("a",)


def test_references_reach_into_values():
    a = Workflow("w").step("a", uses="x.y")

    assert str(a.output["rows"][0]["first name"]) == '${{ steps.a.output.rows[0]["first name"] }}'
    assert f"{a.status}!" == "${{ steps.a.status }}!"
    assert str(a.items) == "${{ steps.a.items }}"
    assert str(a.counts["failed"]) == "${{ steps.a.counts.failed }}"
    assert str(a.error["kind"]) == "${{ steps.a.error.kind }}"
    with pytest.raises(TypeError, match="not iterable"):
        list(a.output)  # type: ignore[call-overload]  # what the type says, seen at run time too


def test_values_become_plain_data():
    flow = Workflow("plain")
    flow.step("a", uses="x.y", with_={"path": Path("a/b"), "pair": (1, 2)})

    assert flow.model().steps["a"].with_ == {"path": "a/b", "pair": [1, 2]}
    with pytest.raises(WorkflowError, match=r"step `b`: `with`\.x is an object"):
        flow.step("b", uses="x.y", with_={"x": object()})


def test_a_model_is_a_picture_of_the_moment():
    flow = Workflow("growing")
    flow.step("a", uses="x.y")
    before = flow.model()
    flow.step("b", uses="x.y")

    assert list(before.steps) == ["a"]
    assert list(flow.steps) == ["a", "b"]


def test_a_loaded_workflow_is_of_the_same_class_and_can_grow():
    flow = load(DATA / "settlement.yaml")
    report = flow.step("tell", uses="text.say", with_={"text": "done"})
    flow.output("told", report.output)

    assert isinstance(flow, Workflow)
    assert flow.name == "settlement"
    assert flow.description.startswith("Verify")
    assert "validators" in flow.inputs
    assert flow.outputs["told"] == "${{ steps.tell.output }}"
    assert model_of(flow).steps["verify"].as_ == "payment"
    assert model_of(flow.model()) == flow.model()


def test_what_the_schema_refuses_is_refused_where_it_is_written():
    flow = Workflow("wrong")
    flow.step("a", uses="x.y")

    for wrong, message in (
        (lambda: flow.step("a", uses="x.y"), "the workflow `wrong` has the step `a` twice"),
        (lambda: flow.step("b-c", uses="x.y"), "`b-c` is not a step id"),
        (lambda: flow.step("b"), "step `b` does nothing"),
        (lambda: flow.step("b", uses="x.y", run="x"), "step `b` has two bodies"),
        (lambda: flow.step("b", uses="x.y", timeout="3"), "step `b`: `timeout` must be a duration"),
        (lambda: flow.step("b", uses="x.y", retry=0), "step `b`: `retry` must be a number"),
        (lambda: flow.input("n", "integr"), "did you mean `integer`"),
        (lambda: flow.secret("K", value="x"), "`secrets.K` has no key|secret `K` has no key"),
        (lambda: Workflow("x", order="random"), "`order` must be `graph` or `sequence`"),
        (lambda: Workflow("empty").model(), "the workflow `empty` has no step"),
    ):
        with pytest.raises(WorkflowError, match=message):
            wrong()
    assert list(flow.steps) == ["a"]


def test_a_step_is_no_value():
    flow = Workflow("w")
    a = flow.step("a", uses="x.y")

    with pytest.raises(TypeError, match=r"step `a` is no value: write `a\.output`"):
        flow.step("b", uses="x.y", with_={"x": a})


def test_faults_of_a_built_workflow_name_the_step(actions: dict[str, Action]):
    flow = Workflow("faults")
    a = flow.step("a", uses="math.add", with_={"x": "three"})
    flow.step("b", uses="text.say", with_={"text": a.output})

    with pytest.raises(WorkflowError) as caught:
        check(flow.model(), actions)

    assert [str(fault) for fault in caught.value.faults] == [
        "step `a`: input `x` of `math.add` must be a whole number, not `three`",
        "step `b`: input `text` of `text.say` must be text, and this gives a whole number",
    ]


def test_options_that_only_a_builder_can_mix(actions: dict[str, Action]):
    flow = Workflow("cache")
    flow.step("a", uses="math.add", with_={"x": 1}, cache={"ttl": 60})

    assert flow.model().steps["a"].cache == Cache(ttl=60.0)
    assert str(flow.env("A", 7)) == "${{ env.A }}"
    assert flow.model().env == {"A": EnvVar(value="7")}
    flow.secret("F", file="x.pem")
    assert flow.model().secrets == {"F": SecretRef(file="x.pem")}


def test_fields_of_a_reference_are_attributes_or_keys():
    flow = Workflow("fields")
    output = flow.step("load", uses="math.add", with_={"x": 1, "y": 2}).output

    assert str(output.rows[0].name) == "${{ steps.load.output.rows[0].name }}"
    assert str(output.source) == str(output["source"])
    assert str(output["_id"]) == '${{ steps.load.output["_id"] }}'
    with pytest.raises(AttributeError, match=r'no `_id`: a field is `\["_id"\]`'):
        _ = output._id
    assert not hasattr(output, "__len__")
