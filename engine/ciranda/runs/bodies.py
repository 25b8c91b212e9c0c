"""Steps that call no action: they enter a block, wait, or end something; and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ciranda.events import (
    BlockEntered,
    Event,
    Failure,
    LoopTurned,
    StepCancelled,
    StepCompleted,
    StepSkipped,
    StepWaits,
)
from ciranda.expressions import ExpressionError
from ciranda.runs.commands import Enter, Leave, Start, Turn
from ciranda.runs.endings import of_several
from ciranda.runs.failure import plain_failure, unfit
from ciranda.runs.frame import is_main
from ciranda.runs.host import Host
from ciranda.runs.plan import PlannedStep
from ciranda.runs.status import CANCELLED, FAILED
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.inputs import resolve_inputs
from ciranda.workflow.parts import DEEPEST

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Bodies"]

Names = Mapping[str, Any]


@final
class Bodies:
    """Performs bodies that call no action, for a runner.

    Args:
        runner: Whose steps they are.
        host: What the run offers to its steps.
        clock: Monotonic seconds.
        wall: Seconds since the epoch.
    """

    def __init__(
        self,
        runner: Runner,
        host: Host,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._runner: Final = runner
        self._host: Final = host
        self._clock: Final = clock
        self._wall: Final = wall
        self._begun: Final[dict[tuple[int, int], float]] = {}  # when their blocks were entered
        self._turned: Final[dict[int, float]] = {}  # when the last turn began, by the wall clock

    def forget(self, node: int) -> None:
        """Forget a step that nobody needs any more."""
        self._turned.pop(node, None)
        self._begun.pop((node, -1), None)

    def began(self, node: int, item: int, block: str) -> None:
        """Note that a block of a step begins; its main one tells when its work began."""
        if is_main(block):  # a handler may come when the step's own end is told
            self._begun[node, item] = self._clock()

    def replay(self, event: Event) -> None:
        """Note when the last turn of a loop began, in an earlier process."""
        if isinstance(event, LoopTurned):
            node, _ = self._runner.scheduler.find(event.path)
            self._turned[node] = event.due or event.at

    def perform(self, planned: PlannedStep, start: Start, path: str, scope: Names) -> None:
        """Do what a step says that calls no action; `emit` takes time and is done elsewhere.

        Raises:
            ExpressionError: Something it says cannot be evaluated.
        """
        body, runner = planned.step.body, self._runner
        if body == "switch":
            self._choose(planned, start, path, scope)
        elif body in ("group", "try", "workflow"):
            self._open(planned, start, path, "steps" if body == "group" else body, scope)
        elif body in ("wait", "approve", "sleep"):
            self._wait(planned, path, scope)
        else:
            said = {} if planned.options is None else planned.options(scope)  # `succeed: {}`
            vault = self._host.vault
            if body == "succeed":
                runner.record(
                    StepCompleted(
                        **runner.stamp(),
                        path=path,
                        output=self._host.vault.conceal(said.get("outputs")),
                        attempt=start.attempt,
                    )
                )
            else:
                failure = Failure(
                    kind=vault.mask(str(vault.reveal(said.get("kind", "failed")))),
                    message=str(vault.reveal(said.get("message", ""))),
                    detail=said.get("detail") or {},
                    retryable=False,
                )
                runner.attempts.fail(planned, start, path, failure, 0.0)

    # Blocks

    def _choose(self, planned: PlannedStep, start: Start, path: str, scope: Names) -> None:
        for number, case in enumerate(planned.cases):
            if case is None or case(scope):
                self._open(planned, start, path, f"case{number}", scope)
                return
        reason = "switch: no case holds"
        self._runner.record(StepSkipped(**self._runner.stamp(), path=path, reason=reason))

    def _open(
        self, planned: PlannedStep, start: Start, path: str, block: str, scope: Names
    ) -> None:
        names: dict[str, Any] = {}
        if block == "workflow":
            depth = 1 + sum(
                frame.block == "workflow" for frame in self._runner.scheduler.around(start.node)
            )
            if depth > DEEPEST:
                self._runner.attempts.fail(planned, start, path, _too_deep(path, depth), 0.0)
                return
            names = {"inputs": self._inputs(planned, scope)}
        inner = planned.blocks[block].block.workflow
        limits = [
            limit
            for limit in (
                planned.step.timeout,
                None if inner is None else inner.timeout,
                self._runner.attempts.left(planned, path),
            )
            if limit is not None
        ]
        self._runner.record(
            BlockEntered(
                **self._runner.stamp(),
                path=path,
                block=block,
                attempt=start.attempt,
                names=self._host.vault.conceal(names) if names else names,
                until=self._wall() + min(limits) if limits else None,
            )
        )

    def _inputs(self, planned: PlannedStep, scope: Names) -> dict[str, Any]:
        inner = planned.blocks["workflow"]
        assert inner.inputs is not None  # it was attached
        assert inner.block.workflow is not None
        return resolve_inputs(inner.block.workflow, inner.inputs(scope))

    def enter(self, command: Enter) -> None:
        """Record that a handler begins, with the error that it reads."""
        runner, scheduler = self._runner, self._runner.scheduler
        conduct = scheduler.conduct(command.node, command.item)
        path = scheduler.path(command.node, command.item)
        blocks = runner.plan.handlers
        if command.node >= 0:
            blocks = runner.planned(command.node).blocks
        names: dict[str, Any] = {}
        binds = blocks[command.block].block.binds
        if binds:
            ended = None if conduct is None else conduct.ended
            error = None if conduct is None else conduct.error
            if ended is not None:
                error = getattr(ended, "error", None) or Failure(
                    kind="cancelled", message=getattr(ended, "reason", ""), path=path
                )
            names[binds] = None if error is None else plain_failure(error)
        runner.record(BlockEntered(**runner.stamp(), path=path, block=command.block, names=names))

    def leave(self, command: Leave) -> None:
        """Record the end of a step whose blocks are over."""
        runner, scheduler = self._runner, self._runner.scheduler
        node, item, status = command
        planned, path = runner.planned(node), scheduler.path(node, item)
        conduct = scheduler.conduct(node, item)
        assert conduct is not None  # it is what has ended
        assert conduct.main is not None
        took = self._clock() - self._begun.pop((node, item), self._clock())
        start = Start(0.0, item, node, scheduler.attempt(node, item))
        if status is CANCELLED:
            reason = conduct.main.stop or "cancelled"
            runner.record(StepCancelled(**runner.stamp(), path=path, reason=reason))
        elif status is FAILED:
            failure = _outer(conduct.error, path)
            runner.attempts.fail(planned, start, path, failure, took)
        else:
            try:
                output = self._output(planned, node, item)
            except ExpressionError as error:
                failure = msgspec.structs.replace(unfit(error), kind="invalid-output")
                runner.attempts.fail(planned, start, path, failure, took)
                return
            runner.record(
                StepCompleted(
                    **runner.stamp(),
                    path=path,
                    output=self._host.vault.conceal(output) if self._host.vault else output,
                    attempt=start.attempt,
                    duration=took,
                )
            )

    def _output(self, planned: PlannedStep, node: int, item: int) -> Any:
        runner, scheduler = self._runner, self._runner.scheduler
        conduct = scheduler.conduct(node, item)
        main = conduct.main if conduct is not None else None
        assert main is not None  # the caller looked
        views = runner.results.views(main)
        if main.early >= 0:
            return runner.results.early.get(main)
        if main.winner >= 0 and planned.step.join.race:
            winner = scheduler.nodes[main.winner].id
            return {"winner": winner, "value": views[winner]["output"]}
        block = planned.blocks[main.block]
        if block.block.result:
            return views[block.block.result]["output"]
        return None if block.outputs is None else block.outputs(runner.scopes.of_frame(main))

    # Loops

    def begin_loop(self, planned: PlannedStep, start: Start, path: str, scope: Names) -> None:
        """Record the first turn of a loop, or that there is none."""
        loop = planned.step.loop
        assert loop is not None  # the caller looked
        assert planned.turn is not None
        first = {**scope, "loop": {"index": 0, "last": None}}
        if not loop.until and not planned.turn(first):
            self._end_loop(path, None)
            return
        self._turned[start.node] = self._wall()
        self._begun[start.node, -1] = self._clock()
        self._runner.record(LoopTurned(**self._runner.stamp(), path=path, turn=0))

    def turn(self, command: Turn) -> None:
        """Record whether a loop goes on after a turn."""
        runner, scheduler = self._runner, self._runner.scheduler
        node, turn = command
        planned, path = runner.planned(node), scheduler.path(node)
        items = scheduler.items[node]
        loop = planned.step.loop
        assert loop is not None  # only loops have turns
        assert planned.turn is not None
        start = Start(0.0, -1, node, 1)
        took = self._clock() - self._begun.get((node, -1), self._clock())
        if items.failed:
            error = runner.results.item_error(node, turn) or {"kind": "crash", "message": ""}
            failure = of_several(error, f"turn {turn} failed: {error['message']}")
            runner.attempts.fail(planned, start, path, failure, took, final=True)
            return
        if items.stopped:
            runner.record(StepCancelled(**runner.stamp(), path=path, reason=items.stopped))
            return
        try:
            scope = runner.scopes.local(planned, node, -1, 1)
            over = self._is_over(planned, {**scope}, node, turn)
        except ExpressionError as error:
            runner.attempts.fail(planned, start, path, unfit(error), took, final=True)
            return
        if over or (turn + 1 >= loop.max and loop.on_max == "stop"):
            self._end_loop(path, runner.results.last.get(node), took)
        elif turn + 1 >= loop.max:
            word = "until" if loop.until else "while"
            message = f"{loop.max} turns were not enough for `{word}: {loop.condition.strip()}`"
            failure = Failure(kind="limit", message=message, retryable=False)
            runner.attempts.fail(planned, start, path, failure, took, final=True)
        else:
            self._next_turn(node, path, turn + 1, loop.every)

    def _is_over(self, planned: PlannedStep, scope: dict[str, Any], node: int, turn: int) -> bool:
        assert planned.turn is not None  # the caller looked
        assert planned.step.loop is not None
        if planned.step.loop.until:
            return bool(planned.turn({**scope, "loop": self._runner.scopes.turn(node, turn)}))
        return not planned.turn({**scope, "loop": self._runner.scopes.turn(node, turn + 1)})

    def _next_turn(self, node: int, path: str, turn: int, every: float) -> None:
        now = self._wall()
        at = self._turned.get(node, now) + every
        self._turned[node] = max(at, now) if every else now
        due = at if every and at > now else 0.0
        self._runner.record(LoopTurned(**self._runner.stamp(), path=path, turn=turn, due=due))

    def _end_loop(self, path: str, output: Any, took: float = 0.0) -> None:
        runner = self._runner
        runner.record(StepCompleted(**runner.stamp(), path=path, output=output, duration=took))

    # Waits

    def _wait(self, planned: PlannedStep, path: str, scope: Names) -> None:
        said = {} if planned.options is None else planned.options(scope)  # `approve: {}`
        body = planned.step.body
        length = said.get("duration") if body == "sleep" else said.get("timeout")
        until = None if length is None else self._wall() + _seconds(length)
        name = said.get("event", "")
        vault = self._host.vault
        if body == "wait" and (not isinstance(name, str) or not name):
            raise ExpressionError("value", "the name of an event is a text that is not empty")
        if vault.mask(name) != name:
            raise ExpressionError("value", "the name of an event holds no secret")
        runner = self._runner
        runner.awaiting.asked(path)
        who = said.get("who") or []
        self._runner.record(
            StepWaits(
                **self._runner.stamp(),
                path=path,
                what={"sleep": "sleep", "wait": "event", "approve": "approval"}[body],
                until=until,
                event=name,
                prompt=vault.mask(str(vault.reveal(said.get("prompt", "")))),
                form=vault.mask_all(form_of(said.get("form") or {})),
                who=vault.mask_all([who] if isinstance(who, str) else [str(each) for each in who]),
            )
        )


def _too_deep(path: str, depth: int) -> Failure:
    message = f"'{path}' would be workflow {depth} within one another: the most are {DEEPEST}"
    return Failure(kind="limit", message=message, retryable=False)


def form_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of each field of a form."""
    return {
        name: {"type": field} if isinstance(field, str) else dict(field)
        for name, field in form.items()
    }


def _seconds(length: Any) -> float:
    if isinstance(length, str):
        try:
            return parse_duration(length)
        except ValueError as error:
            raise ExpressionError("value", str(error)) from None
    if isinstance(length, bool) or not isinstance(length, int | float):
        raise ExpressionError("type", "a length of time is a text such as `30s`, or seconds")
    if not 0 <= length < inf:
        raise ExpressionError("value", f"{length} is no length of time: it is at least 0 seconds")
    return float(length)


def _outer(error: Failure | None, path: str) -> Failure:
    """Return why a step failed for what failed inside of it."""
    if error is None:
        return Failure(kind="join", message="too few of its branches succeeded")
    inner = error.detail.get("at") or error.path
    message = error.message
    if "at" not in error.detail and inner and inner != path:
        message = f"'{inner}' failed: {message}"
    detail = {**error.detail, "at": inner} if inner and inner != path else error.detail
    return msgspec.structs.replace(error, message=message, detail=detail, traceback="", log="")
