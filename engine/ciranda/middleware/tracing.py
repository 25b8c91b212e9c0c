"""The outermost layer: a plugin's own OpenTelemetry spans hang beneath the attempt."""

from __future__ import annotations

from typing import Any, final

from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.observe.current import use_span

__all__ = ["Tracing", "layer"]


def layer(plan: StepPlan) -> Layer:
    """Set the current span of OpenTelemetry to that of the attempt.

    The span itself is made from the run's events; its id is known before, so nothing is measured
    here. An attempt whose context has no `traceparent` is called as it is.
    """

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        with use_span(call.ctx.traceparent):
            return await next(call)

    return Layer(call, Place.TRACING, name="tracing")


@final
class Tracing:
    """The layer as a plugin; registered only when spans are exported, so it costs nothing else."""

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Return the layer for a step; a request gets none."""
        return layer(target) if isinstance(target, StepPlan) else None
