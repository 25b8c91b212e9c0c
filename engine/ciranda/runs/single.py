"""An action by itself, without a run around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciranda.errors import PluginError
from ciranda.layer import ALONE, Call
from ciranda.runs.launch import Launch
from ciranda.runs.run_id import new_run_id
from ciranda.workflow.check import Checked
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nearest import nearest
from ciranda.workflow.placement import check_action, executor_of

if TYPE_CHECKING:
    from ciranda.engine import Engine

__all__ = ["perform_alone"]


async def perform_alone(engine: Engine, name: str, inputs: dict[str, Any]) -> Any:
    """Run one action through its middleware.

    Raises:
        PluginError: There is none of this name.
        StepError: It failed.
    """
    step = Step(id=name.replace(".", "_"), uses=name)
    workflow = Workflow(name=name, steps={step.id: step})
    known = engine.actions_of(workflow)
    if name not in known:
        meant = nearest(name, sorted(known))
        hint = f": did you mean '{meant}'?" if meant else ""
        raise PluginError(f"there is no action '{name}'{hint}")
    check_action(step, executor_of(step, known[name]), known[name])
    # Not as `with`, where text may hold expressions: here it is only data.
    launch = Launch(engine, Checked(workflow, {step.id: ()}, {}), new_run_id())
    planned, stage = launch.alone()
    call = Call(
        inputs,
        lambda call: stage.context(planned, call),
        step.id,
        1,
        stage.scope,
        notes={ALONE: True},
    )
    try:
        return await planned.call(call)
    finally:
        await engine.arguments.leave(launch.run)
