"""One attempt of one step: expressions, the onion, and the event that says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
import msgspec

from ciranda.actions import signalled
from ciranda.errors import CirandaError, InputError, StepError
from ciranda.events import (
    Failure,
    MapExpanded,
    StepAttemptFailed,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from ciranda.expressions import ExpressionError, Stored
from ciranda.layer import ABANDONED, Call
from ciranda.runs.commands import Start
from ciranda.runs.deadlines import Deadlines
from ciranda.runs.failure import called_off, keepable_failure, unfit
from ciranda.runs.host import Host
from ciranda.runs.plan import PlannedStep
from ciranda.runs.retry import kind_matches, retry_delay

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.runs.runner import Runner

__all__ = ["Attempts"]

_NOTHING: Final[dict[str, float]] = {}


class Attempts:
    """Performs attempts for a runner and records their outcomes with it."""

    def __init__(
        self,
        runner: Runner,
        host: Host,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._scope: Final = runner.scopes.root
        self._own: Final = len(runner.plan.graph.nodes)  # steps of the run itself come first
        self._steps: Final = runner.plan.steps
        self._runner: Final = runner
        self._host: Final = host
        self._clock: Final = clock
        self._wall: Final = wall
        self._chance: Final = chance
        self._reveal: Final = host.vault.reveal if host.vault else None
        self._make: Final = self._context
        self._deadlines: Final = Deadlines(clock)

    async def perform(self, start: Start) -> None:
        """Perform what `start` asks for; record exactly one outcome unless cancelled."""
        item, node, attempt = start.item, start.node, start.attempt
        runner, host, clock = self._runner, self._host, self._clock
        # The usual step is the run's own and reads nothing of its own: no names to gather.
        if node < self._own:
            planned = self._steps[node]
            usual = item < 0 and not planned.local
        else:
            planned, usual = runner.planned(node), False
        step = planned.step
        path = step.id if usual else runner.scheduler.path(node, item)
        began = clock()
        try:
            scope = self._scope if usual else runner.scopes.local(planned, node, item, attempt)
            if planned.decides and await self._passed(planned, start, path, scope):
                runner.ended(start)
                return
            inputs = planned.inputs(scope)
            if planned.finish is not None:
                inputs = planned.finish(inputs)
            env = None if planned.env is None else planned.env(scope)
        except (ExpressionError, InputError) as error:
            self.fail(planned, start, path, _unfit(error), 0.0)
            runner.ended(start)
            return
        gate = runner.turnstile
        waited = _NOTHING if gate is None else gate.begin(start)
        if runner.keeps_starts:
            runner.record(
                StepStarted(
                    run=runner.run,
                    seq=runner.next_seq(),
                    at=self._wall(),
                    path=path,
                    attempt=attempt,
                    inputs_digest=host.digest(inputs),
                    waited=waited,
                )
            )
        call = Call(inputs, self._make, path, attempt, scope, env, self._reveal)
        try:
            output = await (planned.call(call) if planned.usual else self._called(planned, call))
        except anyio.get_cancelled_exc_class():
            if called_off():
                self._outlived(start, call)
                raise
            failure = Failure(kind="cancelled", message="the action was cancelled from inside")
            self.fail(planned, start, path, failure, clock() - began)
            runner.ended(start)
            return
        except BaseException as error:  # whatever an author's code raises is an outcome
            if signalled(error):
                raise
            failure = keepable_failure(error, planned.action)
            await self._raised(planned, start, path, call, failure, clock() - began)
            return
        runner.record(
            StepCompleted(
                run=runner.run,
                seq=runner.next_seq(),
                at=self._wall(),
                path=path,
                output=host.vault.conceal(output) if host.vault else output,
                attempt=attempt,
                duration=clock() - began,
                cached="cached" in call.notes,
                used=host.spent(path),
            )
        )
        runner.ended(start)

    async def _called(self, planned: PlannedStep, call: Call) -> Any:
        """Call an action that has a deadline, or makes files."""
        if planned.step.deadline is None:
            output = await planned.call(call)
        else:
            output = await self._within_deadline(planned, call.path, call)
        if planned.files and "cached" in call.notes:
            return await self._with_files(planned, call, output)
        return output

    async def _with_files(self, planned: PlannedStep, call: Call, output: Any) -> Any:
        """See to it that the files of an answer from the cache are there; else work again."""
        if all(self._host.restore(output[name]) for name in planned.files):
            return output
        del call.notes["cached"]
        call.notes["refresh"] = True
        return await planned.call(call)

    async def _raised(
        self,
        planned: PlannedStep,
        start: Start,
        path: str,
        call: Call,
        failure: Failure,
        duration: float,
    ) -> None:
        """Record what an attempt raised."""
        if ABANDONED in call.notes:  # a thread cannot be killed: it keeps its place to its end
            failure.detail["abandoned"] = True
            self._outlived(start, call)
            if self._has_to_wait(planned, start, failure):
                began = self._clock()
                await call.notes[ABANDONED].wait()
                duration += self._clock() - began
        self.fail(planned, start, path, failure, duration)
        self._runner.ended(start)

    async def _passed(
        self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]
    ) -> bool:
        """Record what a step comes to that calls no action; say whether that was all."""
        if self._decided(planned, start, path, scope):
            return True
        if planned.step.body != "emit":
            return False
        await self._emit(planned, start, path, scope)
        return True

    async def _emit(
        self, planned: PlannedStep, start: Start, path: str, scope: Mapping[str, Any]
    ) -> None:
        assert planned.options is not None  # the other bodies were decided
        said = planned.options(scope)
        number = f"{self._runner.run}/{path}#{start.attempt}"
        try:
            reached = await self._host.emit(
                number, str(self._host.vault.reveal(said["event"])), said.get("data")
            )
        except CirandaError as error:
            kind = error.kind if isinstance(error, StepError) else "unavailable"
            self.fail(planned, start, path, Failure(kind=kind, message=str(error)), 0.0)
        else:
            self._runner.record(
                StepCompleted(
                    **self._runner.stamp(),
                    path=path,
                    output={"id": number, "runs": reached},
                    attempt=start.attempt,
                )
            )

    def decide(self, start: Start) -> bool:
        """Record what a step comes to without an attempt; say whether that was all of it."""
        runner = self._runner
        planned, path = runner.planned(start.node), runner.scheduler.path(start.node, start.item)
        try:
            scope = runner.scopes.local(planned, start.node, start.item, start.attempt)
            if not self._decided(planned, start, path, scope):
                return False
        except (ExpressionError, InputError) as error:
            self.fail(planned, start, path, _unfit(error), 0.0)
        runner.ended(start)
        return True

    def _has_to_wait(self, planned: PlannedStep, start: Start, failure: Failure) -> bool:
        """Say whether the end of an attempt is told only when its thread has ended.

        A dispatch holds the thread's place by itself; but nothing is done twice at once.
        """
        repeatable, attempt = planned.repeatable, start.attempt
        rule = planned.step.retry
        return self._runner.turnstile is None or (
            retry_delay(rule, failure, attempt, repeatable=repeatable, chance=0.0) is not None
        )

    def _may_retry(self) -> bool:
        """Take one of the retries that the steps of the run have together."""
        return self._runner.turnstile is None or self._runner.turnstile.take_retry()

    def _outlived(self, start: Start, call: Call) -> None:
        """Tell of a thread that a step leaves behind: what the step holds is not free yet."""
        if self._runner.turnstile is not None and ABANDONED in call.notes:
            self._runner.turnstile.outlived(start, call.notes[ABANDONED])

    def _context(self, call: Call) -> Context:
        node, _ = self._runner.scheduler.find(call.path)
        planned = self._runner.planned(node)
        ctx = self._host.context(planned, call)
        if planned.step.deadline is not None:
            end = self._deadlines.end(call.path, planned.step.deadline)
            ctx.deadline = end if ctx.deadline is None else min(end, ctx.deadline)
        return ctx

    def forget(self, prefix: str) -> None:
        """Forget when the steps inside of something began that nobody needs any more."""
        self._deadlines.forget(prefix)

    def left(self, planned: PlannedStep, path: str) -> float | None:
        """Return the seconds that are left of a step's deadline; None is any time."""
        if planned.step.deadline is None:
            return None
        return self._deadlines.left(path, planned.step.deadline)

    def _decided(
        self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]
    ) -> bool:
        """Record what a step comes to that calls no action; say whether that was all."""
        if start.attempt == 1 and self._passed_over(planned, start, path, scope):
            return True
        step = planned.step
        if start.item < 0 and planned.items is not None:
            self._expand(planned, start, path, scope)
            return True
        if start.item < 0 and step.loop is not None:
            self._runner.bodies.begin_loop(planned, start, path, scope)
            return True
        if step.body in ("action", "emit"):
            return False
        self._runner.bodies.perform(planned, start, path, scope)
        return True

    def _passed_over(
        self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]
    ) -> bool:
        """Record the skip of a step or an item whose own condition is false."""
        condition, word = (planned.condition, "if") if start.item < 0 else (planned.when, "when")
        if condition is None or condition(scope):
            return False
        runner = self._runner
        reason = f"{word}: {condition.source.strip()} is false"
        runner.record(StepSkipped(**runner.stamp(), path=path, reason=reason))
        return True

    # Maps

    def _expand(self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]) -> None:
        items = self._runner.scopes.expand(planned, start.node, scope)
        self._runner.orders.map_started(start.node)
        self._runner.record(
            MapExpanded(
                **self._runner.stamp(), path=path, count=len(items), digest=self._digest(items)
            )
        )

    def _digest(self, items: Sequence[Any]) -> str:
        return "" if isinstance(items, Stored) else self._host.digest(list(items))

    # Outcomes

    async def _within_deadline(self, planned: PlannedStep, path: str, call: Call) -> Any:
        limit = planned.step.deadline or 0.0
        with anyio.move_on_after(self._deadlines.left(path, limit)) as scope:
            return await planned.call(call)
        if scope.cancelled_caught:
            raise StepError(
                "timeout", f"not done within the deadline of {limit:g}s", retryable=False
            )
        raise AssertionError("unreachable")  # pragma: no cover

    def fail(
        self,
        planned: PlannedStep,
        start: Start,
        path: str,
        failure: Failure,
        duration: float,
        *,
        final: bool = False,
    ) -> None:
        """Record a failure: that of an attempt, if another one follows, else of the step."""
        runner, step, host = self._runner, planned.step, self._host
        failure = msgspec.structs.replace(
            failure,
            message=host.vault.mask(failure.message),
            traceback=host.vault.mask(failure.traceback),
            detail=host.vault.mask_all(failure.detail),
            step=step.id,
            path=path,
            attempt=start.attempt,
            place=f"{planned.file}:{step.line}" if step.line else "",
            log=host.tail(path),
        )
        delay = None
        if not final:
            delay = retry_delay(
                step.retry,
                failure,
                start.attempt,
                repeatable=planned.repeatable,
                chance=self._chance(),
            )
        if step.deadline is not None:
            failure, delay = self._deadlines.judge(path, step.deadline, failure, delay)
        if delay is not None and not self._may_retry():
            text = f"{failure.message} (not tried again: all that the run may try again is spent)"
            failure, delay = msgspec.structs.replace(failure, message=text), None
        if delay is not None:
            runner.record(
                StepAttemptFailed(
                    **runner.stamp(),
                    path=path,
                    attempt=start.attempt,
                    error=failure,
                    retry_at=self._wall() + delay,
                    duration=duration,
                    used=host.spent(path),
                )
            )
        else:
            rule = step.continue_on_error
            tolerated = rule if isinstance(rule, bool) else kind_matches(failure.kind, rule)
            runner.record(
                StepFailed(
                    **runner.stamp(),
                    path=path,
                    error=failure,
                    attempts=start.attempt,
                    duration=duration,
                    tolerated=tolerated,
                    used=host.spent(path),
                )
            )


def _unfit(error: ExpressionError | InputError) -> Failure:
    if isinstance(error, ExpressionError):
        return unfit(error)
    return Failure(kind="invalid-input", message=str(error), retryable=False)
