"""Plans are compiled once for a workflow, and again when what they stand on changes."""

import gc
import weakref

import anyio
import pytest

from ciranda.actions import action
from ciranda.engine import Engine
from ciranda.hooks import hookimpl
from ciranda.layer import StepPlan
from ciranda.workflow.builder import Workflow

pytestmark = pytest.mark.anyio


@action("plans.same")
async def same(x: int) -> int:
    return x


class Asked:
    """Counts how often it is asked for a layer."""

    def __init__(self):
        self.steps = []

    @hookimpl
    def middleware(self, target):
        if isinstance(target, StepPlan):
            self.steps.append(target.id)


def flow():
    made = Workflow("plans")
    made.input("x", "integer")
    made.step("only", uses=same, with_={"x": "${{ inputs.x }}"})
    made.output("x", "${{ steps.only.output }}")
    return made


async def test_a_workflow_that_runs_again_is_not_compiled_again():
    asked = Asked()
    async with Engine(durability="off") as engine:
        engine.plugins.register(asked, "asked")
        checked = engine.check(flow().model())

        outputs = [(await engine.run(checked, inputs={"x": x})).outputs for x in (1, 2)]

    assert outputs == [{"x": 1}, {"x": 2}]
    assert asked.steps == ["only"]


async def test_a_plugin_that_comes_is_asked_about_every_workflow():
    first, second = Asked(), Asked()
    async with Engine(durability="off") as engine:
        engine.plugins.register(first, "first")
        checked = engine.check(flow().model())
        await engine.run(checked, inputs={"x": 1})

        engine.plugins.register(second, "second")
        await engine.run(checked, inputs={"x": 1})

    assert (first.steps, second.steps) == (["only", "only"], ["only"])


async def test_history_changes_the_graph_and_nothing_else(tmp_path):
    asked = Asked()
    async with Engine(store=tmp_path, durability="process") as engine:
        engine.plugins.register(asked, "asked")
        checked = engine.check(flow().model())

        for _ in range(3):
            assert (await engine.run(checked, inputs={"x": 1})).ok

    assert asked.steps == ["only"]


async def test_a_workflow_that_nobody_holds_is_not_kept():
    async with Engine(durability="off") as engine:
        checked = engine.check(flow().model())
        await engine.run(checked, inputs={"x": 1})
        seen = weakref.ref(checked)

        del checked
        await anyio.wait_all_tasks_blocked()  # 3.13's loop lets a task go with its next turn
        gc.collect()

        assert seen() is None
