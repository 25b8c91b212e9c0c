"""What deserves a look in a plan that would run."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.workflow.durations import duration_text

from .deadlines import deadlines_of
from .faults import Fault, FaultKind
from .plan import Plan
from .schedule import Schedule

__all__ = ["warnings_of"]


def warnings_of(plan: Plan, schedule: Schedule) -> tuple[Fault, ...]:
    """Return what in the run that a plan predicts is likely not to be what was meant."""
    return tuple(_warnings(plan, schedule))


def _warnings(plan: Plan, schedule: Schedule) -> Iterator[Fault]:
    yield from plan.warnings
    deadlines = deadlines_of(plan)
    for task in plan.tasks:
        if task.timeout is not None and task.estimate > task.timeout:
            message = (
                f"task `{task.id}` is expected to take {duration_text(task.estimate)} and is"
                f" stopped after {duration_text(task.timeout)}"
            )
            yield Fault(FaultKind.ESTIMATE_OVER_TIMEOUT, task.id, message)
        end = schedule.ends.get(task.id)
        deadline = deadlines.get(task.id)
        if deadline is not None and end is not None and end > deadline:
            whose = "its" if deadline == task.deadline else "its needers'"
            message = (
                f"task `{task.id}` is expected to end after {duration_text(end)}, and {whose}"
                f" deadline is {duration_text(deadline)}"
            )
            yield Fault(FaultKind.DEADLINE_MISSED, task.id, message)
    if plan.timeout is not None and schedule.makespan > plan.timeout:
        message = (
            f"the plan is expected to take {duration_text(schedule.makespan)} and is stopped after"
            f" {duration_text(plan.timeout)}"
        )
        yield Fault(FaultKind.PLAN_OVER_TIMEOUT, "", message)
