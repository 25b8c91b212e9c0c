"""Workflows made in Python that hold steps within steps."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.engine.workflow.bare import bare

from ciranda.errors import WorkflowError
from ciranda.workflow.blockbuilder import Steps
from ciranda.workflow.builder import Workflow
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow as Model


def double(x: int) -> int:
    return 2 * x


def file(text: str, **more: Any) -> Model:
    return bare(loads(f"ciranda: 1\nname: w\n{text}"))


def test_a_group_holds_what_is_added_to_it():
    flow = Workflow("w")
    names = flow.input("names", "array")

    with flow.group("files", map=names, as_="name", join={"at_least": 2}) as files:
        rows = files.step("rows", uses="data.read", with_={"path": "${{ name }}"})
        with files.group("deep", timeout=2) as deep:
            deep.step("look", run=["wc", rows.output])
        files.output("count", rows.output["count"])

    assert bare(flow.model()) == file(
        """
inputs: {names: array}
steps:
  files:
    map: ${{ inputs.names }}
    as: name
    join: {at-least: 2}
    steps:
      rows: {uses: data.read, with: {path: "${{ name }}"}}
      deep: {timeout: 2s, steps: {look: {run: [wc, "${{ steps.rows.output }}"]}}}
    outputs: {count: "${{ steps.rows.output.count }}"}
"""
    )


def test_steps_are_given_to_whatever_holds_some():
    flow = Workflow("w")
    undo, mend, ship = Steps(), Steps(), Steps()
    undo.step("refund", uses="pay.back")
    mend.step("wait", sleep=timedelta(minutes=5))
    ship.step("send", uses="data.send")

    flow.step("pay", uses="pay.now", compensate=undo, on_failure=mend, idempotency_key="a")
    flow.step("go", try_=ship, catch=[{"on": ["timeout"], "as_": "e", "steps": mend}],
              finally_={"log": {"run": "echo"}})  # fmt: skip
    flow.step("pick", switch=[{"if_": "inputs.n > 1", "steps": ship}, {"run": "echo"}])

    assert bare(flow.model()) == file(
        """
steps:
  pay:
    uses: pay.now
    idempotency-key: a
    compensate: {refund: {uses: pay.back}}
    on-failure: {wait: {sleep: 5m}}
  go:
    try: {send: {uses: data.send}}
    catch: [{on: [timeout], as: e, steps: {wait: {sleep: 5m}}}]
    finally: {log: {run: echo}}
  pick:
    switch:
      - {if: inputs.n > 1, steps: {send: {uses: data.send}}}
      - {run: echo}
"""
    )


def test_all_bodies_and_repeaters_are_words_of_a_step():
    flow = Workflow("w")
    flow.step("a", wait={"event": "paid", "where": "event.data.n > 1", "timeout": 60})
    flow.step("b", approve={"prompt": "Ship?", "on_reject": "continue", "form": {"n": "integer"}})
    flow.step("c", emit={"event": "paid", "data": {"at_once": 1}})
    flow.step("d", run="x", while_="loop.index < 3", max=5, every=2, on_max="stop")
    flow.step("e", run="x", matrix={"os_name": ["a", "b"]}, outputs={"f": {"file": "out.bin"}})
    flow.step("f", fail={"message": "no funds"}, if_="run.id == 'x'")
    flow.step("g", succeed={"outputs": {"n": 1}})

    assert bare(flow.model()) == file(
        """
steps:
  a: {wait: {event: paid, where: event.data.n > 1, timeout: 1m}}
  b: {approve: {prompt: "Ship?", on-reject: continue, form: {n: integer}}}
  c: {emit: {event: paid, data: {at_once: 1}}}
  d: {run: x, while: loop.index < 3, max: 5, every: 2s, on-max: stop}
  e: {run: x, matrix: {os_name: [a, b]}, outputs: {f: {file: out.bin}}}
  f: {fail: {message: no funds}, if: run.id == 'x'}
  g: {succeed: {outputs: {n: 1}}}
"""
    )


def test_what_holds_for_the_whole_run_is_configured():
    flow = Workflow("w", order="sequence")
    last = Steps()
    last.step("tell", run="x")
    flow.step("a", run="x")

    flow.configure(timeout=60, fail_fast=True, rate={"requests": "5/1m"})
    flow.configure(
        on={"schedule": [{"cron": "0 6 * * *"}]}, on_failure=last, finally_={"bye": {"run": "x"}}
    )

    model = flow.model()
    assert bare(model) == file(
        """
order: sequence
timeout: 1m
fail-fast: true
rate: {requests: 5/1m}
on: {schedule: [{cron: "0 6 * * *"}]}
steps: {a: {run: x}}
on-failure: {tell: {run: x}}
finally: {bye: {run: x}}
"""
    )
    assert {block.order for block in model.handlers.values()} == {"sequence"}


def test_functions_deep_inside_are_actions_of_the_workflow():
    flow = Workflow("w")
    flow.step("a", uses=lambda: 1)
    with flow.group("g") as group:
        group.step("b", uses=double, with_={"x": 1})
        group.step("c", uses=lambda: 2)

    model = flow.model()
    inner = model.steps["g"].blocks["steps"].steps
    assert [step.uses for step in inner.values()] == ["python.double", "python.lambda_2"]
    assert set(model.functions) == {"python.lambda", "python.double", "python.lambda_2"}


def test_a_workflow_as_a_step_is_read_when_the_model_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    flow = Workflow("w")
    flow.step("a", uses="./other.yaml", with_={"n": 1}, secrets={"KEY": flow.secret("K", env="K")})

    with pytest.raises(WorkflowError, match=r"other\.yaml"):
        flow.model()
    (tmp_path / "other.yaml").write_text("ciranda: 1\nname: other\nsteps: {x: {run: echo}}")
    step = flow.model().steps["a"]

    assert step.options == {"secrets": {"KEY": "${{ secrets.K }}"}}
    assert list(step.blocks["workflow"].steps) == ["x"]


def test_steps_are_a_mapping_that_can_be_looked_at():
    steps = Steps()
    steps.step("a", run="x", rate={"requests": "5/1m", "cost": {"input_tokens": 3}})
    steps.output("n", 1)

    assert (list(steps), len(steps), steps.outputs) == (["a"], 1, {"n": 1})
    assert steps["a"]["run"] == "x"
    flow = Workflow("w")
    flow.step("g", steps=steps)
    rate = flow.model().steps["g"].blocks["steps"].steps["a"].rate
    assert rate is not None
    assert rate.cost == {"input-tokens": 3}
    with pytest.raises(WorkflowError, match="the output `n` is there twice"):
        steps.output("n", 2)


def test_what_is_wrong_inside_names_the_way_to_it():
    flow = Workflow("w")
    twice = Steps()
    twice.step("a", run="x")

    with (
        pytest.raises(WorkflowError, match="step `g/h/a`: `timeout` must be a duration"),
        flow.group("g") as group,
        group.group("h") as inner,
    ):
        inner.step("a", run="x", timeout="soon")
    with pytest.raises(WorkflowError, match="the step `a` is there twice"):
        twice.step("a", run="x")
    with pytest.raises(WorkflowError, match=r"step `b`: `emit`\.data is an object"):
        flow.step("b", emit={"event": "x", "data": object()})
    with pytest.raises(WorkflowError, match="step `b`: `steps` is empty"), flow.group("b"):
        pass
    with pytest.raises(WorkflowError, match="`timeout: 0s` leaves no time at all"):
        flow.configure(timeout=0)
    assert not flow.steps


def test_steps_too_deep_are_refused():
    inner: dict[str, Any] = {"run": "x"}
    for _ in range(70):
        inner = {"steps": {"g": inner}}

    with pytest.raises(WorkflowError, match="steps are nested deeper than 64"):
        Workflow("w").step("g", steps=inner["steps"])
