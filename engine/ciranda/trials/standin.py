"""What stands in for the actions of a case, and hears of its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

import anyio

from ciranda.errors import StepError
from ciranda.events import Event
from ciranda.events.path import place
from ciranda.expressions import ExpressionError
from ciranda.hooks import hookimpl, observer
from ciranda.layer import Call, Layer, Middleware, Next, Place, StepPlan
from ciranda.trials.case import Attempt, Case, Mock
from ciranda.workflow.binding import bind

__all__ = ["UNMOCKED", "StandIn"]

UNMOCKED: Final = "unmocked"  # the kind with which a step fails that nothing stands in for
_PROGRAM: Final = "program.run"
_PRINTED: Final[dict[str, Any]] = {"code": 0, "stdout": "", "stderr": "", "data": None}


@final
class StandIn:
    """A plugin of one case: the innermost layer around every action, and an observer.

    All that stands around a step stays: retries, timeouts, the cache, limits, the types of inputs.

    Attributes:
        heard: The events of the run.
        missing: Paths of steps that nothing stands in for.
        busy: How many actions are at work.
    """

    def __init__(self, case: Case) -> None:
        self._case: Final = case
        self.heard: Final[list[Event]] = []
        self.missing: Final[list[str]] = []
        self.busy = 0
        self.news = anyio.Event()

    @observer(Event)
    def hear(self, event: Event) -> None:
        """Keep an event, and wake who waits for news."""
        self.heard.append(event)
        self.news.set()
        self.news = anyio.Event()

    @hookimpl
    def middleware(self, target: Any) -> Layer | None:
        """Stand in for every action; questions are left alone."""
        if not isinstance(target, StepPlan):
            return None
        return Layer(self._layer(target), Place.TIMEOUT, name="stand-in", after=("timeout",))

    def _layer(self, plan: StepPlan) -> Middleware:
        async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
            mock = mock_of(self._case.mocks, call.path, plan)
            self.busy += 1
            try:
                if mock is None and not self._case.real:
                    self.missing.append(call.path)
                    text = f"nothing stands in for step `{call.path}`"
                    raise StepError(UNMOCKED, text, retryable=False)
                if mock is None or mock.real:
                    return await next(call)
                return await _played(mock.attempts, call, plan)
            finally:
                self.busy -= 1

        return call


def mock_of(mocks: Mapping[str, Mock], path: str, plan: StepPlan) -> Mock | None:
    """Return what stands in for a step: by its path, its place in the file, its id, its action."""
    for name in (path, place(path), plan.id, plan.uses):
        if name in mocks:
            return mocks[name]
    return mocks.get("run") if plan.uses == _PROGRAM else None


async def _played(attempts: tuple[Attempt, ...], call: Call, plan: StepPlan) -> Any:
    plan.action.bind(call.arguments)  # wrong inputs fail as they would
    attempt = attempts[min(call.attempt, len(attempts)) - 1]
    if attempt.duration:
        await anyio.sleep(attempt.duration)
    if attempt.error is not None:
        error = attempt.error
        raise StepError(
            error["kind"],
            error.get("message", "the stand-in failed"),
            retryable=error.get("retryable"),
            retry_after=error.get("retry_after"),
            detail=error.get("detail"),
        )
    try:
        output = bind(attempt.output)({"given": call.inputs, "attempt": call.attempt})
    except ExpressionError as error:
        text = f"the output of the stand-in cannot be evaluated: {error.message}"
        raise StepError("invalid-output", text, retryable=False) from None
    return {**_PRINTED, **output} if plan.uses == _PROGRAM and isinstance(output, dict) else output
