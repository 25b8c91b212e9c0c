"""What a program hands over by mistake is named in one sentence."""

from typing import Any

import pytest

import ciranda
from ciranda import Engine, InputError, PluginError, Workflow
from ciranda.expressions import compile, compile_template  # noqa: A004  (the word that `re` uses)
from ciranda.testing import harness

FLOW = "ciranda: 1\ninputs: {n: {type: integer, default: 1}}\nsteps:\n  a: {run: [echo, hi]}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path


@pytest.mark.anyio
async def test_run_inside_a_loop_names_what_to_write_instead() -> None:
    with pytest.raises(RuntimeError, match=r"a loop|event loop .*: write `await ciranda.arun\("):
        ciranda.run("flow.yaml", durability="off")

    assert (await ciranda.arun("flow.yaml", durability="off")).ok


def test_run_makes_a_loop_where_there_is_none() -> None:
    assert ciranda.run("flow.yaml", durability="off").ok


@pytest.mark.parametrize("workflow", [None, 5, b"flow.yaml", {}])
def test_what_is_no_workflow_is_named(workflow: Any) -> None:
    kind = type(workflow).__name__

    with pytest.raises(TypeError, match=f"a workflow or the path of its file, not {kind}$"):
        ciranda.run(workflow, durability="off")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([1], r"the inputs of the workflow `flow` are values by name, such as \{'c.*, not list$"),
        ("n=1", r"the inputs of the workflow `flow` are values by name, .*, not str$"),
        ({1: 2}, r"the name of an input of the workflow `flow` is text, not 1$"),
    ],
)
def test_inputs_that_have_no_names_are_refused(inputs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ciranda.run("flow.yaml", inputs=inputs, durability="off")


@pytest.mark.anyio
async def test_a_single_action_wants_values_by_name_as_well() -> None:
    async with Engine(durability="off") as engine:
        with pytest.raises(InputError, match=r"of the action 'program.run' are .*, not NoneType$"):
            await engine.call("program.run", None)  # type: ignore[arg-type]  # on purpose


@pytest.mark.anyio
async def test_the_name_of_a_plugin_is_no_plugin() -> None:
    with pytest.raises(PluginError, match=r"'nope' is no plugin: hand over the module or the obj"):
        async with Engine(durability="off", plugins=["nope"]):
            raise AssertionError("it opened")


@pytest.mark.anyio
async def test_a_single_action_may_be_a_stand_in() -> None:
    async with harness(mocks={"nowhere.act": 7, "data.read": "mine"}) as h:
        assert await h.engine.call("nowhere.act", {"x": 1}) == 7
        assert await h.engine.call("data.read", {"path": "gone.json"}) == "mine"


def test_an_expression_is_text() -> None:
    with pytest.raises(TypeError, match=r"an expression is text, not int$"):
        compile(5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match=r"a template is text, not bytes$"):
        compile_template(b"x")  # type: ignore[arg-type]  # on purpose


def test_a_built_workflow_takes_no_inputs_without_names() -> None:
    flow = Workflow("built")
    flow.step("a", run=["echo", "hi"])

    with pytest.raises(InputError, match="the inputs of the workflow `built` are values by name"):
        ciranda.run(flow, inputs=[1], durability="off")  # type: ignore[arg-type]  # on purpose
