"""Everything that stands between a plan and its run."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import msgspec
from msgspec.structs import replace as changed

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
from .plan import Cost, Plan
from .schedule import Schedule
from .search import search
from .settings import PlannerSettings
from .waves import with_barriers

__all__ = ["Prepared", "prepare", "remembered"]

_NOBODY: Final = Workflow(name="none")
_STEP: Final = re.compile(r"step `([^`]+)`")


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
        spent: What earlier parts of the run began: when, in seconds since the epoch, at what cost.
    """

    plan: Plan
    schedule: Schedule
    compiled: Compiled
    checked: Checked | None
    timeout: float
    barriers: frozenset[str] = frozenset()
    spent: tuple[tuple[float, Cost], ...] = ()


def prepare(engine: Engine, plan: Plan, *, file: str = "", waves: bool = False) -> Prepared:
    """Search the schedule of a plan and make its workflow.

    Args:
        engine: Whose actions and settings it uses.
        plan: Without faults of its own.
        file: The plan's file.
        waves: Whether each level ends before the next one begins.

    Raises:
        PlanError: Tasks without work, actions that nobody brings, inputs that do not fit; all
            at once.
    """
    settings = engine.configuration.read(PlannerSettings)
    actions = _actions(engine, plan)
    strange = _unknown(plan, actions, file)
    ids = {fault.task for fault in strange}
    faults = _in_order([*strange, *_wordy(plan, file)], plan)
    if ids:  # the others are checked all the same: everything is told at once
        tasks = [changed(task, uses=None) if task.id in ids else task for task in plan.tasks]
        plan = replace(plan, tasks=tuple(tasks))
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
        tasks_of = {step: task for task, step in compiled.steps.items()}
        wrong = [_of_task(one.message, tasks_of, file) for one in error.faults]
        # What one reads of a task whose action is not known cannot be judged.
        names = [compiled.steps.get(task) for task in ids]
        blind = [f"steps.{name}" for name in names if name is not None]
        readers = {
            task.id
            for task in plan.tasks
            if any(name in f"{task.with_} {task.command}" for name in blind)
        }
        wrong = [fault for fault in wrong if fault.task not in readers]
        raise PlanError(_in_order([*faults, *wrong], plan)) from None
    if faults:
        raise PlanError(faults)
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


def _actions(engine: Engine, plan: Plan) -> Mapping[str, Action]:
    """Return the actions there are, with those that the plan names brought in."""
    used = {task.uses.partition(".")[0] for task in plan.tasks if task.uses is not None}
    for namespace in {"planner", "program", *used}:
        if namespace and not engine.plugins.obstacle(namespace):
            engine.plugins.require(namespace)
    return engine.actions_of(_NOBODY)


def _unknown(plan: Plan, actions: Container[str], file: str) -> list[Fault]:
    return [
        Fault(
            FaultKind.UNKNOWN_ACTION,
            task.id,
            f"task `{task.id}`: there is no action `{task.uses}`: `ciranda actions` lists them",
            file,
        )
        for task in plan.tasks
        if task.uses is not None and task.uses not in actions
    ]


def _wordy(plan: Plan, file: str) -> list[Fault]:
    """Return a fault for each task that is words alone: to run it would be to do nothing."""
    return [
        Fault(
            FaultKind.INVALID_WORK,
            task.id,
            f"task `{task.id}`: nothing says what does it: write `uses` or `command`, or an"
            " `estimate` for which it sleeps",
            file,
        )
        for task in plan.tasks
        if task.id in plan.unestimated - plan.already_succeeded
        and task.uses is None
        and task.command is None
        and task.behaviour is None
    ]


def _of_task(message: str, tasks: Mapping[str, str], file: str) -> Fault:
    """Return a fault of the workflow as one of the plan: tasks are what its reader knows."""
    found = _STEP.match(message)
    task = tasks.get(found[1], "") if found else ""
    if found and task:
        message = f"task `{task}`{message[found.end() :]}"
    return Fault(FaultKind.INVALID_WORK, task, message, file)


def _in_order(faults: list[Fault], plan: Plan) -> list[Fault]:
    place = {task.id: at for at, task in enumerate(plan.tasks)}
    return sorted(faults, key=lambda fault: place.get(fault.task, -1))
