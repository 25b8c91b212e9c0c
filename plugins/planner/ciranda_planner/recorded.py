"""How the run of a plan went, read back from the store."""

from __future__ import annotations

from typing import Any

from ciranda import RunResult
from ciranda.cli.history import events_of, pinned_workflow
from ciranda.events import (
    Event,
    RunCancelled,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.store import Log

from .archive import remembered
from .compiling import Compiled, step_ids
from .execution import Outcome, course_of, outcome_of
from .keeper import OVER
from .preparing import Prepared
from .search import scheduled

__all__ = ["recorded"]


def recorded(log: Log, named: str) -> Outcome:
    """Return how the run of a plan went until now.

    Args:
        log: The store.
        named: The run's id, an unambiguous start of it, or `last`.

    Raises:
        RunNotFoundError: There is no such run.
        StoreError: It is not the run of a plan.
    """
    row = log.run(named)
    workflow = pinned_workflow(log, row.id)
    plan, order, barriers = remembered(workflow)
    ids = step_ids(task.id for task in plan.tasks)
    steps = {task: step for task, step in ids.items() if step in workflow.steps}
    compiled = Compiled(plan, workflow, steps, order)
    schedule = scheduled(plan, order)
    prepared = Prepared(plan, schedule, compiled, None, plan.timeout or 0.0, barriers)
    actual = course_of(prepared)
    views: dict[str, dict[str, Any]] = {}
    over = False
    for event in events_of(log, row.id):
        if not isinstance(event, Event):
            continue
        actual.apply(event)
        if isinstance(event, RunCancelled):
            over = event.reason.startswith(OVER)
        view = _view(event)
        if view is not None:
            views[event.path] = view  # type: ignore[attr-defined]  # views are of steps
    result = RunResult(run_id=row.id, status=row.status, steps=views)
    return outcome_of(prepared, actual, result, over=over, least=plan.workers)


def _view(event: Event) -> dict[str, Any] | None:
    """Return what the end of a step leaves, in the words of `RunResult.steps`."""
    match event:
        case StepCompleted():
            return {"status": "succeeded", "output": event.output, "error": None}
        case StepFailed():
            error = {"kind": event.error.kind, "message": event.error.message}
            return {"status": "failed", "output": None, "error": error}
        case StepSkipped():
            return {"status": "skipped", "output": None, "error": None}
        case StepCancelled():
            return {"status": "cancelled", "output": None, "error": None}
        case _:
            return None
