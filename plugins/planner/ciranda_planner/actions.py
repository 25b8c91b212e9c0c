"""`planner.run` and `planner.plan`: plans as steps of a workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from ciranda import Context, StepError, action
from ciranda.actions import resource
from ciranda.events import GoalFault, PlanGoal

from .cores import within_cores
from .faults import PlanError
from .hooks import RunPlan
from .plan import Plan
from .settings import PlannerSettings

__all__ = ["ERRORS", "plan", "run"]

# Another attempt goes on with what is missing.
ERRORS: Final = {"plan": True, "plan.invalid": False, "unsuccessful": True}
_ENDED: Final = {
    "partial": "succeeded in part",
    "failed": "failed",
    "timed_out": "ran out of time",
    "cancelled": "was cancelled",
}
Require = Literal["succeeded", "partial", "nothing"]


@resource(scope="engine")
@asynccontextmanager
async def known_settings(settings: PlannerSettings | None) -> AsyncIterator[PlannerSettings]:
    """Offer the section `[planner]` to the actions."""
    yield settings or PlannerSettings()


@action("planner.run", errors=ERRORS, idempotent=True)
async def run(  # noqa: PLR0913  (the inputs of a step, most of them by name)
    tasks: list[dict[str, Any]] | None = None,
    *,
    file: Path | None = None,
    goal: str | None = None,
    folder: Path | None = None,
    defaults: dict[str, Any] | None = None,
    workers: int | None = None,
    cpu_workers: int | None = None,
    rate_limit: dict[str, Any] | None = None,
    waves: bool = False,
    require: Require = "succeeded",
    ctx: Context,
    known: Annotated[PlannerSettings, known_settings],
) -> dict[str, Any]:
    """Run tasks as parallel as their needs, the workers and the rate limit allow.

    The tasks are the steps of a run of their own, which `ciranda show` shows and `trace` puts
    beneath this step. Another attempt, or a resume, runs only those that did not succeed. The plan
    has no more time than this step.

    Args:
        tasks: As a plan file has them.
        file: A plan file, in place of `tasks`.
        goal: Words or a Markdown checklist, in place of `tasks`.
        folder: Where the file patterns of `goal` look; relative to the workflow file.
        defaults: Fields for tasks of `goal` that do not say otherwise, such as `uses` and `with`
            for those in words.
        workers: Tasks at once, if not as the file says.
        cpu_workers: Cpu tasks at once.
        rate_limit: `window_ms`, `requests`, `input_tokens`, `output_tokens`.
        waves: End each level before the next one begins.
        require: What counts as success of the step: that every task succeeds, that one does, or
            nothing.
        ctx: The step.
        known: What the project says about plans.

    Returns:
        What `ciranda planner run -o json` tells: `plan`, `run`, `status`, `makespan_ms`,
        `predicted`, `actual`, `lost`, ..., and the `results` of the tasks that succeeded.
    """
    options = {"max_workers": workers, "cpu_workers": cpu_workers, "rate_limit": rate_limit}
    wanted = None if goal is None else _request(goal, folder, defaults, options, ctx)
    found = await _plan(tasks, file, wanted, options, ctx, known)
    base = str(file) if file is not None else str(ctx.run.base / "plan")
    try:
        told = await ctx.ask(RunPlan(plan=found, context=ctx, file=base, waves=waves))
    except PlanError as error:
        raise _invalid(error) from None
    state = told["plan"]
    enough = {"succeeded": ("succeeded",), "partial": ("succeeded", "partial")}
    if state not in enough.get(require, (state,)):
        bad = [task for task, each in told["status"].items() if each != "succeeded"]
        shown = ", ".join(f"'{task}' {told['status'][task]}" for task in bad[:5])
        raise StepError(
            f"plan.{state}",
            f"the plan {_ENDED[state]}: {shown}{', ...' if len(bad) > 5 else ''}",  # noqa: PLR2004
            retryable=True,
            detail={"run": told["run"], "status": told["status"], "errors": told["errors"]},
        )
    return told


@action("planner.plan", errors={"plan.invalid": False}, idempotent=True)
async def plan(
    tasks: list[dict[str, Any]] | None = None,
    *,
    file: Path | None = None,
    goal: str | None = None,
    folder: Path | None = None,
    defaults: dict[str, Any] | None = None,
    workers: int | None = None,
    cpu_workers: int | None = None,
    rate_limit: dict[str, Any] | None = None,
    ctx: Context,
    known: Annotated[PlannerSettings, known_settings],
) -> dict[str, Any]:
    """Find the schedule of tasks, and what bounds it; run nothing.

    Args:
        tasks: As a plan file has them.
        file: A plan file, in place of `tasks`.
        goal: Words or a Markdown checklist, in place of `tasks`.
        folder: Where the file patterns of `goal` look; relative to the workflow file.
        defaults: Fields for tasks of `goal` that do not say otherwise, such as `uses` and `with`
            for those in words.
        workers: Tasks at once, if not as the file says.
        cpu_workers: Cpu tasks at once.
        rate_limit: `window_ms`, `requests`, `input_tokens`, `output_tokens`.
        ctx: The step.
        known: What the project says about plans.

    Returns:
        What `ciranda planner plan -o json` tells: `levels`, `critical_path`, `makespan_ms`, ...
    """
    from .answering import plan_answer
    from .search import search

    options = {"max_workers": workers, "cpu_workers": cpu_workers, "rate_limit": rate_limit}
    wanted = None
    if goal is not None:
        wanted = _request(goal, folder, defaults, options, ctx, executable=False)
    found = await _plan(tasks, file, wanted, options, ctx, known)
    found = within_cores(found, known.cores)
    return plan_answer(found, search(found))


async def _plan(
    tasks: list[dict[str, Any]] | None,
    file: Path | None,
    goal: PlanGoal | None,
    options: dict[str, Any],
    ctx: Context,
    known: PlannerSettings,
) -> Plan:
    from .reading import plan_of, read_plan

    if [tasks, file, goal].count(None) != 2:  # noqa: PLR2004
        raise StepError("invalid-input", "Give one of `tasks`, `file` and `goal`.")
    given = _given(options)
    defaults = known.defaults(workers=options["max_workers"], cpu_workers=options["cpu_workers"])
    try:
        if file is not None:
            return read_plan(file, defaults=defaults)
        if tasks is not None:
            return plan_of({"name": ctx.step, "tasks": tasks, **given}, defaults=defaults)
        assert goal is not None
        made = await ctx.ask(goal)
        if made.plan is None:
            sentences = "\n".join(_told(one) for one in made.faults)
            faults = {"valid": False, "errors": [msgspec.to_builtins(one) for one in made.faults]}
            raise StepError("plan.invalid", sentences, retryable=False, detail=faults)
        return plan_of(made.plan, defaults=defaults)
    except PlanError as error:
        raise _invalid(error) from None


def _invalid(error: PlanError) -> StepError:
    from .answering import fault_answer

    return StepError("plan.invalid", str(error), retryable=False, detail=fault_answer(error))


def _request(
    goal: str,
    folder: Path | None,
    defaults: dict[str, Any] | None,
    options: dict[str, Any],
    ctx: Context,
    *,
    executable: bool = True,
) -> PlanGoal:
    """Return the question for a goal; its tasks run where the workflow is."""
    base = ctx.run.base
    there = base if folder is None else base / folder
    inside = there.is_relative_to(base)
    shown = there.relative_to(base).as_posix() if inside else there.as_posix()
    return PlanGoal(
        goal=goal,
        base=str(base),
        folder="" if shown == "." else shown,
        defaults=defaults or {},
        plan=_given(options),
        executable=executable,
    )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _told(fault: GoalFault) -> str:
    return f"{fault.line}:{fault.column}: {fault.message}" if fault.line else fault.message
