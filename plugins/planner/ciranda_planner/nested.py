"""A plan as a part of a step: a run of its own that the step's run names, in the step's trace."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from ciranda import Context, Engine
from ciranda.errors import RunNotFoundError
from ciranda.events import PlanBegan, PlanEnded
from ciranda.store import Durability

from .execution import Outcome, Performance, perform
from .hooks import RunPlan
from .preparing import prepare
from .recorded import recorded
from .resuming import prepare_again

__all__ = ["run_for_step"]


async def run_for_step(engine: Engine, request: RunPlan) -> dict[str, Any]:
    """Run a plan for a step; what an earlier attempt of the step finished is kept.

    Raises:
        PlanError: It cannot be run.
        StoreError: The store cannot keep its run.
    """
    ctx: Context = request.context
    run = _run_of(ctx)
    known = _status(engine, run)
    if known == "succeeded":  # the process died before the step could say so
        return _told(recorded(engine.log, run))
    prepared = (
        prepare(engine, request.plan, file=request.file, waves=request.waves)
        if known is None
        else prepare_again(engine, run)[0]
    )
    plan = prepared.plan
    await ctx.publish(
        PlanBegan(
            path=ctx.path,
            plan_run=run,
            plan=plan.name,
            digest=plan.digest,
            tasks=len(plan.expected),
            makespan=prepared.schedule.makespan,
        )
    )
    outcome = await perform(engine, prepared, Performance(run, within=ctx.remaining(), step=ctx))
    await ctx.publish(
        PlanEnded(
            path=ctx.path,
            plan_run=run,
            plan=plan.name,
            state=str(outcome.state),
            status={task: str(state) for task, state in outcome.states.items()},
            makespan=outcome.report.actual.makespan,
        )
    )
    return _told(outcome)


def _run_of(ctx: Context) -> str:
    """Return the id of the run of the plan: the same for every attempt, also after a crash."""
    digest = hashlib.blake2b(ctx.key.encode(), digest_size=8).digest()
    return base64.b32encode(digest).decode().lower().rstrip("=")


def _status(engine: Engine, run: str) -> str | None:
    """Return how the run of an earlier attempt ended, if there was one."""
    if engine.durability is Durability.OFF:
        return None
    try:
        return engine.log.run(run).status
    except RunNotFoundError:
        return None


def _told(outcome: Outcome) -> dict[str, Any]:
    return {**outcome.plain(), "results": outcome.results}
