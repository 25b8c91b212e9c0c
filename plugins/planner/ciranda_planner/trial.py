"""Work that is none: what tasks with a `behaviour`, or without any work, do."""

from __future__ import annotations

import time
from typing import Any, Literal

import anyio

from ciranda import Context, StepError, action

__all__ = ["Behaviour", "burn", "sleep", "trial"]

Behaviour = Literal["succeed", "fail", "hang"]


@action("planner.sleep", idempotent=True)
async def sleep(seconds: float = 0.0) -> dict[str, Any]:
    """Take time and do nothing, to try a plan out.

    Args:
        seconds: How long it takes.

    Returns:
        `slept`, the seconds.
    """
    await anyio.sleep(seconds)
    return {"slept": seconds}


@action("planner.trial", errors={"trial": True}, idempotent=True)
async def trial(
    seconds: float = 0.0,
    *,
    behaviour: Behaviour = "succeed",
    failures: int = 0,
    ctx: Context,
) -> dict[str, Any]:
    """Take time and fail, or hang, to try a plan out.

    Args:
        seconds: How long it takes.
        behaviour: `succeed`, `fail` after that time, or `hang` for ever.
        failures: How many attempts fail before one succeeds.
        ctx: The step.

    Returns:
        `slept`, the seconds, and `attempt`, its number.
    """
    if behaviour == "hang":
        await anyio.sleep_forever()
    await anyio.sleep(seconds)
    if behaviour == "fail" or ctx.attempt <= failures:
        raise StepError("trial", f"attempt {ctx.attempt} failed, as it was to", retryable=True)
    return {"slept": seconds, "attempt": ctx.attempt}


@action("planner.burn", executor="process", idempotent=True)
def burn(seconds: float = 0.0, *, hang: bool = False) -> dict[str, Any]:
    """Keep a core busy and do nothing, to try a plan out.

    Args:
        seconds: Of the core's time.
        hang: Never end.

    Returns:
        `burned`, the seconds.
    """
    began = time.process_time()
    while hang or time.process_time() - began < seconds:
        sum(range(1000))
    return {"burned": seconds}
