"""Decomposers of third parties, and goals that are put to the engine."""

import pytest

from ciranda.bus import Bus
from ciranda.errors import PluginError
from ciranda.events import PlanGoal
from ciranda.hooks import hookimpl
from ciranda.testing import harness
from ciranda_planner.decomposing import Decomposer
from ciranda_planner.decomposing.offered import checked
from ciranda_planner.goals import Goals

pytestmark = pytest.mark.anyio

PLUGIN = """
from ciranda import hookimpl
from ciranda_planner.decomposing import Decomposer, Decomposition


async def ask_a_model(assignment):
    if "moon" not in assignment.goal.text:
        return None
    steps = [{"id": "rocket", "command": ["make"]}, {"id": "fly", "needs": ["rocket"]}]
    return Decomposition(tasks=steps, name=assignment.goal.context.get("name", ""))


@hookimpl
def decomposers():
    return [Decomposer(name="model", decompose=ask_a_model)]
"""


FLOW = """
ciranda: 1
plugins: [./model.py, planner]
steps:
  write: {uses: data.write, with: {path: x.json, value: 1}}
"""


async def test_a_goal_put_to_the_engine_is_answered_by_the_nearest_decomposer():
    async with harness(settings={"plugins": {"enable": ["planner"]}}) as h:
        (h.folder / "src").mkdir()
        (h.folder / "src" / "a.py").write_text("")
        (h.folder / "model.py").write_text(PLUGIN)
        plain = "- fly to the moon\n- lint each `*.py` with `ruff`\n"
        await h.run(FLOW)
        ask = h.engine.bus.ask

        flown = await ask(PlanGoal(goal=plain, context={"name": "Apollo"}))
        ruled = await ask(PlanGoal(goal=plain, folder="src", decomposer="rules", name="mine"))
        wrong = await ask(PlanGoal(goal="- a after b\n- c (-1s)", plan={"max_workers": 0}))

    assert flown.plan
    assert ruled.plan
    assert (flown.decomposer, flown.plan["name"]) == ("model", "Apollo")
    assert flown.wordless == ("fly",)
    assert ruled.plan["name"] == "mine"
    assert [task["id"] for task in ruled.plan["tasks"]] == ["fly_moon", "lint_a_py"]
    assert ruled.plan["tasks"][1]["command"] == ["ruff", "src/a.py"]
    assert wrong.plan is None
    assert {fault.kind for fault in wrong.faults} == {
        "unknown_dependency", "invalid_duration", "invalid_workers",
    }  # fmt: skip
    assert [fault.line for fault in wrong.faults if fault.line] == [1, 2]


async def test_decomposers_come_and_go_with_their_plugins(tmp_path):
    bus = Bus()
    goals = Goals(bus, tmp_path)

    class Other:
        @hookimpl
        def decomposers(self):
            return [Decomposer(name="other", decompose=lambda _: None)]

    bus.register(Other(), "other")
    assert (await goals.plan_goal(PlanGoal(goal="- a\n- b", decomposer="other"))).faults
    bus.unregister("other")
    (fault,) = (await goals.plan_goal(PlanGoal(goal="- a\n- b", decomposer="other"))).faults

    assert fault.message == "there is no decomposer `other`: there are rules"


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        (lambda: 7, "plugin 'odd': the hook 'decomposers' returned int; return a list"),
        (lambda: [7], "plugin 'odd': the hook 'decomposers' lists int, which is no decomposer"),
        (lambda: 1 / 0, "plugin 'odd': its hook 'decomposers' raised ZeroDivisionError"),
    ],
)
async def test_what_is_no_decomposer_is_refused_with_its_plugin(tmp_path, offer, sentence):
    class Odd:
        @hookimpl
        def decomposers(self):
            return offer()

    bus = Bus()
    bus.register(Odd(), "odd")

    with pytest.raises(PluginError, match=sentence):
        await Goals(bus, tmp_path).plan_goal(PlanGoal(goal="- a\n- b"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "A b"}, "a decomposer cannot be called 'A b': use a-z, 0-9"),
        ({"decompose": 7}, "the `decompose` of the decomposer 'fine' is no function"),
        ({"timeout": 0}, "the `timeout` of the decomposer 'fine' is 0: a number above 0"),
        ({"name": "rules"}, "offers a decomposer 'rules', and 'planner' offers one of that name"),
    ],
)
def test_a_decomposer_that_cannot_work_is_refused(fields, sentence):
    from ciranda_planner.decomposing import RULES

    one = Decomposer(**{"name": "fine", "decompose": print, **fields})

    with pytest.raises(PluginError, match=sentence):
        checked([("planner", RULES), ("odd", one)])
