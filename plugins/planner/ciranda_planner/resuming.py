"""Going on with the run of a plan: what succeeded is kept, the rest is scheduled anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ciranda import Engine
from ciranda.errors import StoreError
from ciranda.events import StepCompleted, StepStarted
from ciranda.runs.dispatch import Dispatch
from ciranda.store import Log
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow

from .archive import remembered
from .compiling import Compiled, dispatch_of, step_ids
from .cores import within_cores
from .execution import Outcome, Performance, perform
from .limiting import limiter_of
from .plan import Cost, Plan
from .preparing import Prepared
from .retrying import retries_of
from .search import search
from .settings import PlannerSettings

__all__ = ["dispatch_again", "prepare_again", "resume"]


async def resume(engine: Engine, named: str, how: Performance | None = None) -> Outcome:
    """Go on with the run of a plan.

    Args:
        engine: Whose store has it.
        named: The run's id, an unambiguous start of it, or `last`.
        how: As for `perform`; its run is the one that is named.

    Raises:
        RunNotFoundError: There is no such run, or it has succeeded.
        LeaseLostError: Another process executes it.
        StoreError: It is not the run of a plan.
    """
    prepared, run = prepare_again(engine, named)
    again = how or Performance()
    return await perform(engine, prepared, replace(again, run=run))


def prepare_again(engine: Engine, named: str) -> tuple[Prepared, str]:
    """Return what is left of the plan of a run, scheduled anew, and the run's id.

    Raises:
        RunNotFoundError: There is no such run.
        StoreError: It is not the run of a plan.
    """
    settings = engine.configuration.read(PlannerSettings)
    row = engine.log.run(named)
    workflow = loads(engine.log.blob(row.source), file=row.file)
    plan, _, barriers = remembered(workflow)
    ids = step_ids(task.id for task in plan.tasks)
    done = _succeeded(engine.log, row.id)
    finished = frozenset(task for task, step in ids.items() if step in done)
    # Who stood by for a task that is run again stands by again: it may fail anew.
    finished -= {task.contingency for task in plan.tasks if task.id not in finished}
    rest = replace(plan, already_succeeded=plan.already_succeeded | finished)
    # Whoever resumes it may have another machine.
    rest = within_cores(rest, settings.cores)
    schedule = search(rest)
    steps = {task: step for task, step in ids.items() if step in workflow.steps}
    prepared = Prepared(
        plan=rest,
        schedule=schedule,
        compiled=Compiled(rest, workflow, steps, schedule.order),
        checked=None,
        timeout=plan.timeout or max(settings.plan_timeout, 2 * schedule.makespan),
        barriers=barriers,
        spent=_spent(engine.log, row.id, plan) if plan.rate_limit is not None else (),
    )
    return prepared, row.id


def dispatch_again(
    workflow: Workflow, clock: Callable[[], float], folder: Path | None, retry_budget: float
) -> Dispatch | None:
    """Return how the run of a plan admits its steps where nobody schedules it anew.

    So `ciranda resume` keeps the plan's workers, resources, limit and order, too.

    Args:
        workflow: Of the run.
        clock: Of a limiter, in seconds.
        folder: Where the files of the machine's limiters are; None is the user's own place.
        retry_budget: Attempts after the first for each task.
    """
    if b'"x-planner"' not in workflow.source:
        return None
    try:
        plan, order, _ = remembered(workflow)
    except StoreError:
        return None
    ids = step_ids(task.id for task in plan.tasks)
    steps = {task: step for task, step in ids.items() if step in workflow.steps}
    limiter = limiter_of(plan, clock, folder=folder)
    retries = retries_of(plan, retry_budget)
    compiled = Compiled(plan, workflow, steps, order)
    return dispatch_of(compiled, limiter, closes=True, retries=retries)


def _spent(log: Log, run: str, plan: Plan) -> tuple[tuple[float, Cost], ...]:
    """Return when attempts began, and what they cost: windows do not end where a run is cut."""
    from ciranda.cli.history import events_of

    ids = step_ids(task.id for task in plan.tasks)
    costs = {ids[task.id]: task.cost for task in plan.tasks if task.cost}
    return tuple(
        (event.at, costs[event.path])
        for event in events_of(log, run)
        if isinstance(event, StepStarted) and event.path in costs
    )


def _succeeded(log: Log, run: str) -> set[str]:
    """Return the steps of a run that have succeeded."""
    from ciranda.cli.history import events_of

    return {event.path for event in events_of(log, run) if isinstance(event, StepCompleted)}
