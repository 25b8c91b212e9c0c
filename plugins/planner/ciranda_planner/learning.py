"""How long tasks take, learned from what they took before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from msgspec.structs import replace as changed

from ciranda.events import StepCompleted
from ciranda.store import Log

from .archive import plan_of_row, rows
from .compiling import step_ids
from .plan import Plan, Task

__all__ = ["durations_of", "learned"]

_RUNS: Final = 10  # whose durations count


def durations_of(log: Log, plan: Plan) -> dict[str, float]:
    """Return the median seconds of those tasks with work that plans of this name have run.

    What a task took counts as long as it did the same: its action with its inputs, or its
    command. Tasks without work take as long as they are told to: there is nothing to learn of
    them.

    Args:
        log: The store.
        plan: Its name is that of its history.
    """
    from ciranda.cli.history import events_of

    tasks = {task.id: task for task in plan.tasks if task.uses or task.command}
    ids = step_ids(task.id for task in plan.tasks)
    if not log.durations(plan.name, [ids[task] for task in tasks]):
        return {}  # which is quickly told
    took: dict[str, list[float]] = {task: [] for task in tasks}
    looked = 0
    for row in rows(log):
        past = plan_of_row(log, row) if row.name == plan.name else None
        if past is None:
            continue
        same = {
            step: each.id
            for each, step in zip(
                past.tasks, step_ids(each.id for each in past.tasks).values(), strict=True
            )
            if each.id in tasks and _work(each) == _work(tasks[each.id])
        }
        for event in events_of(log, row.id) if same else ():
            if isinstance(event, StepCompleted) and event.path in same and not event.cached:
                took[same[event.path]].append(event.duration)
        looked += 1
        if looked == _RUNS:
            break
    return {task: sorted(each)[len(each) // 2] for task, each in took.items() if each}


def _work(task: Task) -> tuple[Any, ...]:
    return task.uses, task.with_, task.command


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
