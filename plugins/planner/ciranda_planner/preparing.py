"""Everything that stands between a plan and its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec

from ciranda import Engine, WorkflowError
from ciranda.actions import Action
from ciranda.errors import StoreError
from ciranda.store import Durability
from ciranda.workflow.check import Checked
from ciranda.workflow.model import Workflow

from .compiling import Compiled, compile_plan
from .cores import within_cores
from .faults import Fault, FaultKind, PlanError
from .learning import durations_of, learned
from .plan import Plan
from .schedule import Schedule
from .search import search
from .settings import PlannerSettings
from .waves import with_barriers

__all__ = ["Prepared", "prepare", "remembered"]

_NOBODY: Final = Workflow(name="none")


@final
@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that can be run.

    Attributes:
        plan: As it runs: with its cores, and with its barriers.
        schedule: What it predicts.
        compiled: Its workflow.
        checked: The same, checked against the actions that there are; None when it is resumed.
        timeout: Seconds that the whole run may take.
        barriers: Tasks that stand between waves and are nobody's work.
    """

    plan: Plan
    schedule: Schedule
    compiled: Compiled
    checked: Checked | None
    timeout: float
    barriers: frozenset[str] = frozenset()


def prepare(engine: Engine, plan: Plan, *, file: str = "", waves: bool = False) -> Prepared:
    """Search the schedule of a plan and make its workflow.

    Args:
        engine: Whose actions and settings it uses.
        plan: Without faults of its own.
        file: The plan's file.
        waves: Whether each level ends before the next one begins.

    Raises:
        PlanError: Actions that nobody brings, or inputs that do not fit; all at once.
    """
    settings = engine.configuration.read(PlannerSettings)
    actions = _actions(engine, plan, file)
    bounded = within_cores(_estimated(engine, plan), settings.cores)
    barriers: frozenset[str] = frozenset()
    if waves:
        bounded, barriers = with_barriers(bounded)
    schedule = search(bounded)
    compiled = compile_plan(
        bounded,
        schedule.order,
        actions.get,
        timeout=settings.timeout,
        file=file,
        barriers=barriers,
    )
    try:
        checked = engine.check(compiled.workflow)
    except WorkflowError as error:
        raise PlanError([_fault(one.message, file) for one in error.faults]) from None
    timeout = plan.timeout or max(settings.plan_timeout, 2 * schedule.makespan)
    return Prepared(bounded, schedule, compiled, checked, timeout, barriers)


def remembered(workflow: Workflow) -> tuple[Plan, tuple[str, ...], frozenset[str]]:
    """Return the plan that a workflow was made of, its order, and its barriers.

    Raises:
        StoreError: It was made of none, or by another version.
    """
    try:
        kept: Mapping[str, Any] = msgspec.json.decode(workflow.source)["x-planner"]
        plan = msgspec.convert(kept["plan"], Plan)
        return plan, tuple(kept["order"]), frozenset(kept["barriers"])
    except (KeyError, TypeError, msgspec.DecodeError, msgspec.ValidationError):
        raise StoreError(
            f"the run of `{workflow.name}` is not of a plan: `ciranda resume` goes on with it"
        ) from None


def _estimated(engine: Engine, plan: Plan) -> Plan:
    """Return the plan with what its tasks took before, where it does not say how long they take."""
    if not plan.unestimated or engine.durability is Durability.OFF:
        return plan
    return learned(plan, durations_of(engine.log, plan))


def _actions(engine: Engine, plan: Plan, file: str) -> Mapping[str, Action]:
    """Return the actions there are, with those that the plan names brought in.

    Raises:
        PlanError: Some are not there.
    """
    used = {task.id: task.uses for task in plan.tasks if task.uses is not None}
    for namespace in {"planner", "program", *(name.partition(".")[0] for name in used.values())}:
        if namespace and not engine.plugins.obstacle(namespace):
            engine.plugins.require(namespace)
    actions = engine.actions_of(_NOBODY)
    faults = [
        Fault(
            FaultKind.UNKNOWN_ACTION,
            task,
            f"task '{task}': there is no action `{name}`: `ciranda actions` lists them",
            file,
        )
        for task, name in used.items()
        if name not in actions
    ]
    if faults:
        raise PlanError(faults)
    return actions


def _fault(message: str, file: str) -> Fault:
    return Fault(FaultKind.INVALID_WORK, "", message, file)
