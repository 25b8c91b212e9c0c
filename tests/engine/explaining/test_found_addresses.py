"""Steps whose paths are those of others too, and handlers of workflows that are steps."""

import pytest
from tests.engine.explaining.made import WRONG, block, flow, ran, step, told

from ciranda.errors import RunNotFoundError
from ciranda.events import BlockEntered, StepCompleted, StepFailed, StepStarted
from ciranda.workflow.model import Block, Step


def test_a_step_that_several_cases_have_is_that_of_the_case_that_was_entered():
    tried = Step(
        id="body",
        body="try",
        catches=(("timeout",),),
        blocks={"try": block(step("call")), "catch0": block(step("c"))},
    )
    blocks = {"case0": block(step("body")), "case1": block(tried)}
    workflow = flow(Step(id="pick", body="switch", cases=("x", None), blocks=blocks))
    events = [
        BlockEntered(path="pick", block="case1"),
        BlockEntered(path="pick/body", block="try"),
        StepStarted(path="pick/body/call"),
        StepFailed(path="pick/body/call", error=WRONG),
        BlockEntered(path="pick/body", block="catch0"),
        *ran("pick/body/@catch0/c"),
        StepCompleted(path="pick/body"),
    ]

    assert (
        "its `try` failed with `pick/body/call`, and the `catch` for timeout took it"
        in told(events, workflow, "pick/body")[1]
    )
    assert told(events, workflow, "pick/body/call")[0].startswith("`pick/body/call` failed")
    with pytest.raises(RunNotFoundError, match=r"did you mean `pick/body/call`\?"):
        told(events, workflow, "pick/body/cal")


def test_handlers_of_a_workflow_that_is_a_step_are_found():
    inner = flow(step("a"), handlers={"finally": block(step("sweep"))})
    own = Block(steps=inner.steps, workflow=inner)
    workflow = flow(Step(id="call", body="workflow", uses="./x.yaml", blocks={"workflow": own}))
    path = "call/@workflow.finally/sweep"
    events = [
        BlockEntered(path="call", block="workflow"),
        *ran("call/a"),
        BlockEntered(path="call", block="workflow.finally"),
        *ran(path),
        StepCompleted(path="call"),
    ]

    assert (
        "it needs no other step: it was ready when the `finally` of `call` began"
        in told(events, workflow, path)[1]
    )
    assert "its `finally` ran" in told(events, workflow, "call")[1]
    with pytest.raises(RunNotFoundError, match="there is no step"):
        told(events, workflow, "call/@workflow.on-failure/sweep")
