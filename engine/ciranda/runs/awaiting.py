"""Steps that wait: for a time, for an event, for somebody's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.bus.report import logger
from ciranda.errors import InputError, StepError
from ciranda.events import (
    ApprovalGiven,
    Event,
    EventReceived,
    EventTaken,
    Failure,
    StepCompleted,
    StepWaits,
)
from ciranda.expressions import ExpressionError
from ciranda.runs.answers import accepted, by_default
from ciranda.runs.commands import Expire, Offer, Start
from ciranda.runs.failure import unfit
from ciranda.runs.host import Host
from ciranda.runs.messages import Answered, Emitted
from ciranda.runs.plan import PlannedStep

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Awaiting"]


@final
class Awaiting:
    """Ends the waits of a run, each of them once.

    Args:
        runner: Whose steps wait.
        host: What the run offers to its steps.
        wall: Seconds since the epoch.
    """

    def __init__(self, runner: Runner, host: Host, *, wall: Callable[[], float]) -> None:
        self._runner: Final = runner
        self._host: Final = host
        self._wall: Final = wall
        self._given: Final[dict[str, ApprovalGiven]] = {}
        self._taking: Final[set[str]] = set()  # told, and not applied yet
        self._received: Final[set[str]] = set()

    def taken(self, event: EventTaken) -> None:
        """Note that an event is applied as taken."""
        self._taking.discard(event.id)

    def asked(self, path: str) -> None:
        """Note that a step begins to wait: an answer to what it asked before counts no more."""
        self._given.pop(path, None)

    def replay(self, event: Event) -> None:
        """Take in what an earlier process told."""
        if isinstance(event, StepWaits):
            self.asked(event.path)
        elif isinstance(event, ApprovalGiven):
            self._given[event.path] = event

    def _open(self, node: int, item: int) -> StepWaits | None:
        if (node, item) in self._runner.active:
            return None  # its end is told, and not applied yet
        return self._runner.scheduler.waits.get((node, item))

    def receive(self, message: int, emitted: Emitted) -> None:
        """Keep an event that reached the run; whoever waits for it is offered it."""
        runner = self._runner
        scheduler = runner.scheduler
        known = self._host.vault.mask(emitted.id)
        if any(known in one for one in (self._received, scheduler.events, scheduler.taken)):
            return
        self._received.add(known)
        runner.record(
            EventReceived(
                **runner.stamp(),
                id=known,
                event=self._host.vault.mask(emitted.event),
                data=self._host.vault.conceal(emitted.data),
                source=self._host.vault.mask(emitted.source),
                message=message,
            )
        )
        runner.commit_soon()

    def offer(self, command: Offer) -> None:
        """Let a step take the first kept event that it waits for."""
        runner, (node, item) = self._runner, command
        wait = self._open(node, item)
        if wait is None:
            return
        planned, path = runner.planned(node), runner.scheduler.path(node, item)
        attempt = runner.scheduler.attempt(node, item)
        for event in runner.scheduler.events.values():
            if event.event != wait.event or event.id in self._taking:
                continue
            try:
                scope = runner.scopes.local(planned, node, item, attempt)
                if planned.where is not None and not planned.where(
                    {**scope, "event": _shown(event)}
                ):
                    continue
            except ExpressionError as error:
                self._runner.active[node, item] = None
                start = Start(0.0, item, node, attempt)
                runner.attempts.fail(planned, start, path, unfit(error), self._waited(wait))
                return
            self._runner.active[node, item] = None
            self._taking.add(event.id)
            runner.record(EventTaken(**runner.stamp(), path=path, id=event.id))
            self._done(wait, path, event.data, attempt)
            return

    def answer(self, message: int, answered: Answered) -> None:
        """Take somebody's word; one that does not count is told in the log of the process."""
        runner, scheduler = self._runner, self._runner.scheduler
        try:
            node, item = scheduler.find(answered.path)
        except (KeyError, ValueError):
            node, item = -1, -1
        named = node >= 0 and scheduler.path(node, item) == answered.path
        wait = self._open(node, item) if named else None
        try:
            form = accepted(runner.run, wait, answered, self._given.get(answered.path))
        except InputError as error:
            logger().warning(
                "message left aside", run=runner.run, reason=self._host.vault.mask(str(error))
            )
            return
        assert wait is not None  # or nothing would have been accepted
        by, form = self._host.vault.mask(answered.by), self._host.vault.conceal(form)
        at = self._wall()
        self._runner.active[node, item] = None
        given = ApprovalGiven(
            **runner.stamp(),
            path=answered.path,
            approved=answered.approved,
            by=by,
            form=form,
            message=message,
        )
        runner.record(given)
        self._given[answered.path] = given
        planned = runner.planned(node)
        attempt = scheduler.attempt(node, item)
        options = planned.step.options
        if answered.approved or options.get("on-reject", "fail") == "continue":
            output = {
                "approved": answered.approved,
                "by": by,
                "at": datetime.fromtimestamp(at, UTC).isoformat(),
                "form": form,
            }
            self._done(wait, answered.path, output, attempt)
        else:
            comment = form.get("comment")
            said = f": {comment}" if isinstance(comment, str) and comment else ""
            failure = Failure(kind="refused", message=f"rejected by {by}{said}", retryable=False)
            start = Start(0.0, item, node, attempt)
            took = self._waited(wait)
            runner.attempts.fail(planned, start, answered.path, failure, took, final=True)
        runner.commit_soon()

    def expire(self, command: Expire) -> None:
        """Record the end of a wait whose time is over."""
        runner, (node, item) = self._runner, command
        wait = self._open(node, item)
        if wait is None:
            return
        self._runner.active[node, item] = None
        planned, path = runner.planned(node), runner.scheduler.path(node, item)
        start = Start(0.0, item, node, runner.scheduler.attempt(node, item))
        try:
            if wait.what == "sleep" or "default" in planned.step.options:
                output = self._without_word(wait, planned, start)
                self._done(wait, path, output, start.attempt)
                return
            failure = Failure(kind="timeout", message=f"{_awaited(wait)} did not come in time")
        except StepError as error:
            failure = Failure(kind=error.kind, message=error.message, retryable=False)
        except ExpressionError as error:
            failure = unfit(error)
        runner.attempts.fail(planned, start, path, failure, self._waited(wait))

    def _without_word(self, wait: StepWaits, planned: PlannedStep, start: Start) -> Any:
        """Return what a step gives whose time is over."""
        if wait.what == "sleep":
            return None
        assert planned.options is not None  # it has a default
        runner = self._runner
        scope = runner.scopes.local(planned, start.node, start.item, start.attempt)
        given = planned.options(scope)["default"]
        if wait.what != "approval":
            return given
        try:
            given = by_default(wait, given)
        except InputError as error:
            raise StepError("invalid-input", str(error)) from error
        if not given["approved"] and planned.step.options.get("on-reject", "fail") == "fail":
            raise StepError("refused", "nobody answered in time, and the default is no")
        return given

    def _waited(self, wait: StepWaits) -> float:
        """Return how many seconds a step waited, over all processes."""
        return max(0.0, self._wall() - wait.at)

    def _done(self, wait: StepWaits, path: str, output: Any, attempt: int) -> None:
        """Record that a wait came to its end."""
        runner = self._runner
        runner.record(
            StepCompleted(
                **runner.stamp(),
                path=path,
                output=self._host.vault.conceal(output),
                attempt=attempt,
                duration=self._waited(wait),
            )
        )


def _awaited(wait: StepWaits) -> str:
    return f"the event '{wait.event}'" if wait.what == "event" else "an answer"


def _shown(event: EventReceived) -> dict[str, Any]:
    """Return what expressions read as `event`."""
    return {
        "id": event.id,
        "name": event.event,
        "data": event.data,
        "source": event.source,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(),
    }
