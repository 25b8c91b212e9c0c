"""The innermost layer: an attempt that takes too long is cancelled, not merely given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from ciranda.errors import StepError
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.workflow.durations import duration_text

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["layer"]


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Limit each attempt to `timeout` seconds; None when the step has no timeout.

    The cancellation reaches the executor, which ends the process; only when that is done does
    the attempt fail with kind `timeout`.
    """
    seconds = plan.options.timeout
    if seconds is None:
        return None

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        with anyio.move_on_after(seconds) as scope:
            return await next(call)
        if scope.cancelled_caught:
            text = f"no answer within {duration_text(seconds)}"
            raise StepError("timeout", text, retryable=True, detail={"timeout": seconds})
        raise AssertionError("a scope swallows nothing but its own cancellation")

    return Layer(call, Place.TIMEOUT, name="timeout")
