"""One run in a process of its own, forked for it, from its order to its verdict."""

from __future__ import annotations

from typing import NamedTuple

from ciranda.executors.pool import Pool, TreeLimits

from .folders import Room
from .plan import Plan
from .run import Run
from .verdict import Verdict, crammed, judge, started_below

__all__ = ["Sent", "done"]


class Sent(NamedTuple):
    """What is sent to a zygote.

    Attributes:
        order: What to run.
        stdin: Descriptor that it reads from; None for nothing.
        home: Its private folder.
        room: What that has room for.
    """

    order: bytes
    stdin: int | None
    home: str
    room: Room


async def done(pool: Pool, plan: Plan, sent: Sent, run: Run) -> Verdict:
    """Have an order done by a zygote's child; return the verdict on it.

    Args:
        pool: Of the zygote.
        plan: What is run.
        sent: The same, as it is sent.
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
        sent.order,
        limits=TreeLimits(
            plan.processes, allowed.memory_mb, sent.home, sent.room.mb, sent.room.files
        ),
        stdin=sent.stdin,
        on_event=run.notice,
        on_output=run.captured.hear,
    )
    tail = run.captured.stderr.tail
    if allowed.bwrap:
        ended = started_below(ended, run.began, tail)
    verdict = crammed(ended, tail, run.script, sent.room)
    return verdict or judge(ended, profile, tail, run.script, allowed.memory_mb)
