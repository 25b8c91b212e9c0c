"""One run in a process of its own, forked for it, from its order to its verdict."""

from __future__ import annotations

from ciranda.executors.pool import Pool, TreeLimits

from .plan import Plan
from .run import Run
from .verdict import Verdict, judge, started_below

__all__ = ["done"]


async def done(pool: Pool, plan: Plan, order: bytes, stdin: int | None, run: Run) -> Verdict:
    """Have an order done by a zygote's child; return the verdict on it.

    Args:
        pool: Of the zygote.
        plan: What is run.
        order: The same, as it is sent.
        stdin: Descriptor that it reads from; None for nothing.
        run: Hears of it.

    Raises:
        SandboxError: bubblewrap failed, and the script never began.
        StepError: The process was lost, or had no time left.
        PoolError: The zygote cannot start.
    """
    profile, allowed = plan.command.profile, plan.allowed
    run.found = "ready" if pool.ready else "cold"
    ended = await pool.run(
        profile,
        order,
        limits=TreeLimits(plan.processes, allowed.memory_mb),
        stdin=stdin,
        on_event=run.notice,
        on_output=run.captured.hear,
    )
    tail = run.captured.stderr.tail
    if allowed.bwrap:
        ended = started_below(ended, run.began, tail)
    return judge(ended, profile, tail, run.script, allowed.memory_mb)
