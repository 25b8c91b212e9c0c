"""One attempt of one step: expressions, the onion, and the event that says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import anyio
import msgspec

from ciranda.actions import signalled
from ciranda.errors import ReplayError, StepError
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
from ciranda.runs.failure import called_off, keepable_failure
from ciranda.runs.host import Host
from ciranda.runs.plan import PlannedStep
from ciranda.runs.retry import kind_matches, retry_delay

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.runs.runner import Runner

__all__ = ["Attempts"]

_NOTHING: Final[dict[str, float]] = {}


class Attempts:
    """Performs attempts for a runner and records their outcomes with it.

    Attributes:
        scope: The names that every expression of the run sees.
    """

    def __init__(
        self,
        runner: Runner,
        host: Host,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.scope: Final[dict[str, Any]] = {**host.scope, "steps": runner.results.steps}
        self._runner: Final = runner
        self._host: Final = host
        self._clock: Final = clock
        self._wall: Final = wall
        self._chance: Final = chance
        self._reveal: Final = host.vault.reveal if host.vault else None
        self._make: Final = self._context
        self._lists: Final[dict[int, Sequence[Any]]] = {}
        self._begun: Final[dict[str, float]] = {}  # first start of steps with a deadline

    async def perform(self, start: Start) -> None:
        """Perform what `start` asks for; record exactly one outcome unless cancelled."""
        item, node, attempt = start.item, start.node, start.attempt
        runner, host, clock = self._runner, self._host, self._clock
        planned = runner.plan.steps[node]
        name = planned.step.id
        path = name if item < 0 else f"{name}/{item}"
        began = clock()
        try:
            # The usual step reads nothing that is its own: no names to gather.
            scope = self.scope if item < 0 and not planned.local else self._names(planned, start)
            if planned.decides and self._decided(planned, start, path, scope):
                runner.ended(start)
                return
            inputs = planned.inputs(scope)
            if planned.finish is not None:
                inputs = planned.finish(inputs)
            env = None if planned.env is None else planned.env(scope)
        except ExpressionError as error:
            self._fail(planned, start, path, _unfit(error), 0.0)
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
            if planned.step.deadline is None:
                output = await planned.call(call)
            else:
                output = await self._within_deadline(planned, path, call)
        except anyio.get_cancelled_exc_class():
            if called_off():
                self._outlived(start, call)
                raise
            failure = Failure(kind="cancelled", message="the action was cancelled from inside")
            self._fail(planned, start, path, failure, clock() - began)
            return
        except BaseException as error:  # whatever an author's code raises is an outcome
            if signalled(error):
                raise
            failure = keepable_failure(error, planned.action)
            if ABANDONED in call.notes:  # a thread cannot be killed: it keeps its place to its end
                failure.detail["abandoned"] = True
                self._outlived(start, call)
                if self._has_to_wait(planned, start, failure):
                    await call.notes[ABANDONED].wait()
            self._fail(planned, start, path, failure, clock() - began)
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

    def decide(self, start: Start) -> bool:
        """Record what a step comes to without an attempt; say whether that was all of it."""
        planned, path = self._runner.plan.steps[start.node], self._path(start)
        try:
            if not self._decided(planned, start, path, self._names(planned, start)):
                return False
            self._runner.ended(start)
        except ExpressionError as error:
            self._fail(planned, start, path, _unfit(error), 0.0)
        return True

    def _path(self, start: Start) -> str:
        return self._runner.plan.path(start.node, start.item)

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
        node, _ = self._runner.plan.key(call.path)
        planned = self._runner.plan.steps[node]
        ctx = self._host.context(planned, call)
        if planned.step.deadline is not None and call.path in self._begun:
            end = self._begun[call.path] + planned.step.deadline
            ctx.deadline = end if ctx.deadline is None else min(end, ctx.deadline)
        return ctx

    def _decided(
        self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]
    ) -> bool:
        """Record what a condition or the list of a map decides; say whether that was all."""
        if start.attempt == 1 and self._passed_over(planned, start, path, scope):
            return True
        if start.item < 0 and planned.items is not None:
            self._expand(planned, start, path, scope)
            return True
        return False

    def _names(self, planned: PlannedStep, start: Start) -> dict[str, Any]:
        """Return the names that this attempt's expressions see."""
        if start.item < 0 and not planned.local:
            return self.scope
        scope = dict(self.scope)
        step = planned.step
        if start.item >= 0:
            scope[step.as_] = self._list(planned, start.node)[start.item]
            scope[step.index_as] = start.item
        if planned.local:
            scheduler, node = self._runner.scheduler, start.node
            at = datetime.fromtimestamp(self._wall(), UTC).isoformat()
            path = self._path(start)
            scope["attempt"] = start.attempt
            scope["step"] = {"id": step.id, "path": path, "dir": self._host.folder(path)}
            scope["()"] = {
                "always": lambda: True,
                "cancelled": lambda: bool(scheduler.cancelled),
                "failed": lambda: bool(scheduler.tainted[node]),
                "succeeded": lambda: not scheduler.tainted[node] and not scheduler.cancelled,
                "now": lambda: at,
                **self._host.functions,
            }
        return scope

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

    def _evaluate_list(self, planned: PlannedStep, scope: dict[str, Any]) -> Sequence[Any]:
        assert planned.items is not None  # callers ask for maps only
        found = planned.items(scope)
        if isinstance(found, (list, tuple, range, Stored)):
            return found
        raise ExpressionError("type", f"map needs a list, not {_kind_of(found)}")

    def _expand(self, planned: PlannedStep, start: Start, path: str, scope: dict[str, Any]) -> None:
        items = self._evaluate_list(planned, scope)
        self._lists[start.node] = items
        self._runner.map_started(start.node)
        self._runner.record(
            MapExpanded(
                **self._runner.stamp(), path=path, count=len(items), digest=self._digest(items)
            )
        )

    def _list(self, planned: PlannedStep, node: int) -> Sequence[Any]:
        """Return the list of a map; after a resume it is evaluated again and compared."""
        items = self._lists.get(node)
        if items is None:
            items = self._evaluate_list(planned, self.scope)
            count = len(self._runner.scheduler.items[node].statuses)
            if len(items) != count:
                raise ReplayError(
                    f"the list of '{planned.step.id}' has {len(items)} items now and had {count} "
                    "when the run began: begin a new run"
                )
            self._lists[node] = items
        return items

    def _digest(self, items: Sequence[Any]) -> str:
        return "" if isinstance(items, Stored) else self._host.digest(list(items))

    # Outcomes

    async def _within_deadline(self, planned: PlannedStep, path: str, call: Call) -> Any:
        limit = planned.step.deadline or 0.0
        left = self._begun.setdefault(path, self._clock()) + limit - self._clock()
        with anyio.move_on_after(max(0.0, left)) as scope:
            return await planned.call(call)
        if scope.cancelled_caught:
            raise StepError(
                "timeout", f"not done within the deadline of {limit:g}s", retryable=False
            )
        raise AssertionError("unreachable")  # pragma: no cover

    def _fail(
        self, planned: PlannedStep, start: Start, path: str, failure: Failure, duration: float
    ) -> None:
        runner, step, host = self._runner, planned.step, self._host
        failure = msgspec.structs.replace(
            failure,
            message=host.vault.mask(failure.message),
            traceback=host.vault.mask(failure.traceback),
            detail=host.vault.mask_all(failure.detail),
            step=step.id,
            path=path,
            attempt=start.attempt,
            place=f"{runner.plan.workflow.file}:{step.line}" if step.line else "",
            log=host.tail(path),
        )
        delay = retry_delay(
            step.retry,
            failure,
            start.attempt,
            repeatable=planned.repeatable,
            chance=self._chance(),
        )
        if delay is not None and step.deadline is not None:
            left = self._begun.get(path, self._clock()) + step.deadline - self._clock()
            delay = delay if delay < left else None
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
        runner.ended(start)


def _unfit(error: ExpressionError) -> Failure:
    where = f" in `{error.source.strip()}`" if error.source else ""
    return Failure(kind="invalid-input", message=f"{error.message}{where}", retryable=False)


def _kind_of(value: Any) -> str:
    names = {dict: "an object", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")
