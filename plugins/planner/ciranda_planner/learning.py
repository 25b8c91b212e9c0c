"""How long tasks take, learned from what they took before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec.structs import replace as changed

from ciranda.store import Log

from .compiling import step_ids
from .plan import Plan

__all__ = ["durations_of", "learned"]


def durations_of(log: Log, plan: Plan) -> dict[str, float]:
    """Return the median seconds of those tasks with work that plans of this name have run.

    Tasks without work take as long as they are told to: there is nothing to learn of them.

    Args:
        log: The store.
        plan: Its name is that of its history.
    """
    ids = step_ids(task.id for task in plan.tasks)
    known = log.durations(plan.name, list(ids.values()))
    working = [task.id for task in plan.tasks if task.uses or task.command]
    return {task: known[ids[task]] for task in working if ids[task] in known}


def learned(plan: Plan, durations: Mapping[str, float], *, all_of_them: bool = False) -> Plan:
    """Return the plan with what is known of how long its tasks take.

    Args:
        plan: Without faults.
        durations: Seconds by task.
        all_of_them: Put them in place of what the file says, too.
    """
    wanted = {
        task: seconds
        for task, seconds in durations.items()
        if all_of_them or task in plan.unestimated
    }
    if not wanted:
        return plan
    tasks = tuple(
        changed(task, estimate=round(wanted[task.id], 6)) if task.id in wanted else task
        for task in plan.tasks
    )
    return replace(plan, tasks=tasks, unestimated=plan.unestimated - wanted.keys())
