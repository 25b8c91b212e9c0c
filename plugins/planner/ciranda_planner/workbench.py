"""What there is to do the work of tasks with: whether actions are there, and inputs fit them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol, final

from msgspec.structs import replace as changed

from ciranda import WorkflowError
from ciranda.actions import Action
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.settings import Configuration
from ciranda.workflow.check import Checked
from ciranda.workflow.model import Workflow

from .compiling import Compiled, compile_plan
from .faults import Fault, FaultKind
from .plan import DEFAULT_TIMEOUT, Plan

__all__ = [
    "Installed",
    "Workbench",
    "actions_for",
    "checked_work",
    "faults_of_work",
    "in_order",
    "unknown_actions",
    "without_work",
]

_NOBODY: Final = Workflow(name="none")
_STEP: Final = re.compile(r"step `([^`]+)`")


class Workbench(Protocol):
    """What knows actions: an engine, or the plugins of a project alone."""

    @property
    def plugins(self) -> Plugins:
        """What is installed."""
        ...

    def check(self, workflow: Workflow) -> Checked:
        """Check a workflow; WorkflowError has all faults."""
        ...

    def actions_of(self, workflow: Workflow) -> Mapping[str, Action]:
        """Return the actions that it may name."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Installed:
    """The plugins of a project, without what only a run needs."""

    plugins: Plugins
    checker: Checker

    @classmethod
    def of(cls, configuration: Configuration) -> Installed:
        """Return those that a project has; what is named is brought in."""
        plugins = Plugins(configuration)
        return cls(plugins, Checker(plugins))

    def check(self, workflow: Workflow) -> Checked:
        """See `Workbench`."""
        return self.checker.check(workflow)

    def actions_of(self, workflow: Workflow) -> Mapping[str, Action]:
        """See `Workbench`."""
        return self.checker.actions_of(workflow)


def faults_of_work(bench: Workbench, plan: Plan, file: str = "") -> list[Fault]:
    """Return what is wrong with the work of a plan's tasks, in their order.

    Args:
        bench: What knows actions; it brings in the plugins that the plan names.
        plan: Its needs are not looked at.
        file: The plan's file.

    Raises:
        PluginError: A plugin that it names cannot be used.
    """
    actions = actions_for(bench, plan)
    strange = unknown_actions(plan, actions, file)
    blind = frozenset(fault.task for fault in strange)
    order = (task.id for task in plan.tasks)
    compiled = compile_plan(
        without_work(plan, blind), order, actions.get, timeout=DEFAULT_TIMEOUT, file=file
    )
    _, wrong = checked_work(bench, compiled, blind, file)
    return in_order([*strange, *wrong], plan)


def actions_for(bench: Workbench, plan: Plan) -> Mapping[str, Action]:
    """Return the actions there are, with those that the plan names brought in."""
    used = {task.uses.partition(".")[0] for task in plan.tasks if task.uses is not None}
    for namespace in {"planner", "program", *used}:
        if namespace and not bench.plugins.obstacle(namespace):
            bench.plugins.require(namespace)
    return bench.actions_of(_NOBODY)


def unknown_actions(plan: Plan, actions: Container[str], file: str) -> list[Fault]:
    """Return a fault for each task whose action nobody brings."""
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


def without_work(plan: Plan, blind: Container[str]) -> Plan:
    """Return the plan with nothing to do for some tasks, so that the others can be checked."""
    if not any(task.id in blind for task in plan.tasks):
        return plan
    tasks = [changed(task, uses=None) if task.id in blind else task for task in plan.tasks]
    return replace(plan, tasks=tuple(tasks))


def checked_work(
    bench: Workbench, compiled: Compiled, blind: Iterable[str], file: str
) -> tuple[Checked | None, list[Fault]]:
    """Return the workflow of a plan if it is without a fault, else all of its faults.

    Args:
        bench: What knows actions.
        compiled: The plan.
        blind: Tasks whose action is not known: what one reads of these cannot be judged.
        file: The plan's file.
    """
    try:
        return bench.check(compiled.workflow), []
    except WorkflowError as error:
        tasks = {step: task for task, step in compiled.steps.items()}
        wrong = [_of_task(one.message, tasks, file) for one in error.faults]
    names = [compiled.steps.get(task) for task in blind]
    hidden = [f"steps.{name}" for name in names if name is not None]
    readers = {
        task.id
        for task in compiled.plan.tasks
        if any(name in f"{task.with_} {task.command}" for name in hidden)
    }
    return None, [fault for fault in wrong if fault.task not in readers]


def in_order(faults: Iterable[Fault], plan: Plan) -> list[Fault]:
    """Return faults in the order of the plan's tasks, its own first."""
    place = {task.id: at for at, task in enumerate(plan.tasks)}
    return sorted(faults, key=lambda fault: place.get(fault.task, -1))


def _of_task(message: str, tasks: Mapping[str, str], file: str) -> Fault:
    """Return a fault of the workflow as one of the plan: tasks are what its reader knows."""
    found = _STEP.match(message)
    task = tasks.get(found[1], "") if found else ""
    if found and task:
        message = f"task `{task}`{message[found.end() :]}"
    return Fault(FaultKind.INVALID_WORK, task, message, file)
