"""What the plugin has open in an engine: it hears runs of plans and keeps their demands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, final

import anyio

from ciranda import Call, Layer, Next, Place, StepError, StepPlan, hookimpl
from ciranda.errors import SettingsError
from ciranda.events import (
    Event,
    Request,
    RunCancelled,
    RunCompleted,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from ciranda.settings import RateSettings

from .acceptance import Acceptance, Demands
from .hooks import RunPlan
from .settings import PlannerSettings

if TYPE_CHECKING:
    from ciranda import Engine
    from ciranda.runs.dispatch import Dispatch
    from ciranda.workflow.model import Workflow

__all__ = ["LAYER", "Watch"]

LAYER: Final = "planner.task"
Listen = Callable[[Event], None]


@final
class Watch:
    """Hears runs on behalf of whoever follows them.

    Args:
        engine: Whose runs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._clock: Final = engine.clock
        self._followed: Final[dict[str, Listen]] = {}
        self._begun: Final[dict[str, float]] = {}

    @contextmanager
    def following(self, run: str, listen: Listen) -> Iterator[None]:
        """Have `listen` called with each event of a run, in order, before the run goes on.

        Raises:
            Exception: What `listen` raised, once the run has ended: it heard nothing after that.
        """
        failures: list[Exception] = []

        def hear(event: Event) -> None:
            if not failures:
                try:
                    listen(event)
                except Exception as error:  # a run that goes well is not to end for this
                    failures.append(error)

        self._followed[run] = hear
        try:
            yield
        finally:
            del self._followed[run]
        if failures:
            raise failures[0]

    def _hear(self, event: Event) -> None:
        listen = self._followed.get(event.run)
        if listen is not None:
            listen(event)

    @hookimpl
    def run_started(self, event: RunStarted) -> None:
        """Note when it began."""
        self._begun[event.run] = self._clock.steady()
        self._hear(event)

    @hookimpl
    def run_resumed(self, event: RunResumed) -> None:
        """Note when it went on: deadlines count from here."""
        self._begun[event.run] = self._clock.steady()
        self._hear(event)

    @hookimpl
    def run_completed(self, event: RunCompleted) -> None:
        """Forget it."""
        self._begun.pop(event.run, None)
        self._hear(event)

    @hookimpl
    def run_cancelled(self, event: RunCancelled) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_started(self, event: StepStarted) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_attempt_failed(self, event: StepAttemptFailed) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_completed(self, event: StepCompleted) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_failed(self, event: StepFailed) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_skipped(self, event: StepSkipped) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def step_cancelled(self, event: StepCancelled) -> None:
        """Pass it on."""
        self._hear(event)

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Put what a plan demands of a task around its step.

        Raises:
            SettingsError: The step names another layer of the planner, or options that do not fit.
        """
        if not isinstance(target, StepPlan):
            return None
        for name in target.options.modifiers:
            if name.startswith("planner.") and name != LAYER:
                raise SettingsError(
                    f"step '{target.id}': there is no layer `{name}`: did you mean `{LAYER}`?"
                )
        options = target.options.modifiers.get(LAYER)
        if options is None:
            return None
        demands = Demands.read(target.id, options)
        accept = Acceptance(target.id, demands)

        async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
            if demands.deadline is None:
                output = await next(call)
            else:
                output = await self._in_time(call, next, demands.deadline)
            accept(output, call.ctx.run.base)
            return output

        return Layer(call, Place.LIMIT, name=LAYER)

    @hookimpl
    def dispatch(self, workflow: Workflow) -> Dispatch | None:
        """Keep the plan's order and limits in a run that is resumed as any other is."""
        from .resuming import dispatch_again

        known = self._engine.configuration
        folder = known.read(RateSettings).place(known.root)
        budget = known.read(PlannerSettings).retry_budget
        return dispatch_again(workflow, self._clock.steady, folder, budget)

    @hookimpl(trylast=True)
    async def run_plan(self, request: RunPlan) -> dict[str, Any]:
        """Run a plan for a step."""
        from .nested import run_for_step  # search and schedule: only for who runs plans

        return await run_for_step(self._engine, request)

    async def _in_time(self, call: Call, next: Next, deadline: float) -> Any:  # noqa: A002
        now = self._clock.steady()
        left = self._begun.get(call.ctx.run.id, now) + deadline - now
        if left > 0:
            with anyio.move_on_after(left) as scope:
                return await next(call)
            if not scope.cancelled_caught:
                raise AssertionError("a scope swallows nothing but its own cancellation")
        raise StepError(
            "timeout",
            f"not done by its deadline, {deadline:g}s after the start",
            retryable=False,
        )
