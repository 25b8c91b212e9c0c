"""What the log tells of a run, path by path, and how the steps stood at any of its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    Event,
    EventReceived,
    ForeignEvent,
    LoopTurned,
    MapCompleted,
    MapExpanded,
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

__all__ = ["ENDS", "Chronicle", "status_of"]

E = TypeVar("E", bound=Event)

ENDS: Final = (StepCompleted, StepFailed, StepSkipped, StepCancelled, MapCompleted)
_PENDING: Final[dict[str, Any]] = {
    "status": "pending",
    "output": None,
    "error": None,
    "attempts": 0,
    "duration": 0.0,
    "items": None,
    "counts": None,
}


class Chronicle:
    """The events of one run.

    Attributes:
        events: Those of the run's own, in order.
        started: The first of them.
        ended: The last end of the run; None while it goes on.
        resumed: Each time that it was taken up again.
        cancelled: When somebody asked it to stop, the last time.
        received: The events from outside.
        paths: The events of each path.
    """

    def __init__(self, events: Iterable[Event | ForeignEvent]) -> None:
        self.events: Final = [each for each in events if isinstance(each, Event)]
        self.started: Final = next(
            (each for each in self.events if isinstance(each, RunStarted)), RunStarted(workflow="")
        )
        self.ended = _last(self.events, RunCompleted)
        self.cancelled: Final = _last(self.events, RunCancelled)
        self.resumed: Final = [each for each in self.events if isinstance(each, RunResumed)]
        self.received: Final = [each for each in self.events if isinstance(each, EventReceived)]
        self.paths: Final[dict[str, list[Event]]] = {}
        for event in self.events:
            path: str | None = getattr(event, "path", None)
            if path is not None:
                self.paths.setdefault(path, []).append(event)
        if self.resumed and self.ended is not None and self.resumed[-1].seq > self.ended.seq:
            self.ended = None

    def of(self, path: str, kind: type[E]) -> list[E]:
        """Return the events of a type that a path has, oldest first."""
        return [each for each in self.paths.get(path, ()) if isinstance(each, kind)]

    def last(self, path: str, kind: type[E]) -> E | None:
        """Return the newest event of a type that a path has."""
        return _last(self.paths.get(path, ()), kind)

    def end(self, path: str, before: int | None = None) -> Event | None:
        """Return the newest end of a path, None when it has none since it last began.

        Args:
            path: The path.
            before: Only events before this place of the log count.
        """
        found: Event | None = None
        for event in self.paths.get(path, ()):
            if before is not None and event.seq >= before:
                break
            if isinstance(event, ENDS):
                found = event
            elif isinstance(event, (StepStarted, MapExpanded)):
                found = None
        return found

    def since(self, event: Event) -> float:
        """Return the seconds from the start of the run to an event."""
        return max(0.0, event.at - self.started.at)

    def beneath(self, owner: str) -> Iterator[str]:
        """Yield the paths that are inside of a path."""
        return (path for path in self.paths if path.startswith(f"{owner}/"))

    def names(self, owner: str, block: str) -> dict[str, Any]:
        """Return what a block of a step was entered with."""
        entered = [each for each in self.of(owner, BlockEntered) if each.block == block]
        return dict(entered[-1].names) if entered else {}

    def view(self, path: str, before: int | None = None) -> dict[str, Any]:
        """Return a step as the expressions of a run read it, at an event of the log."""
        seen = [each for each in self.paths.get(path, ()) if before is None or each.seq < before]
        view = dict(_PENDING)
        for event in seen:
            if isinstance(event, StepStarted):
                view.update(status="running", attempts=event.attempt)
            elif isinstance(event, MapExpanded):
                view["status"] = "running"
            elif isinstance(event, ENDS):
                view.update(status=status_of(event), **_ending(event))
        count = _last(seen, MapExpanded)
        if count is not None:
            self._fill(view, path, count.count, before)
        turned = _last(seen, LoopTurned)
        if turned is not None and view["status"] not in ("pending", "running"):
            ends = (self.end(f"{path}/{turn}", before) for turn in range(turned.turn + 1))
            view["counts"] = dict(Counter(map(status_of, ends)))
        return view

    def _fill(self, view: dict[str, Any], path: str, count: int, before: int | None) -> None:
        items = [self.view(f"{path}/{item}", before) for item in range(count)]
        view["items"] = [
            {name: item[name] for name in ("status", "output", "error")} for item in items
        ]
        if view["status"] == "succeeded" and view["output"] is None:
            view["output"] = [item["output"] for item in items]

    def answers(self, path: str) -> list[ApprovalGiven]:
        """Return who answered a step."""
        return self.of(path, ApprovalGiven)

    def attempts(self, path: str) -> list[StepAttemptFailed]:
        """Return the failed attempts that another one followed, since it last began anew."""
        return [each for each in self.newest(path) if isinstance(each, StepAttemptFailed)]

    def newest(self, path: str) -> list[Event]:
        """Return the events of a path since it last began anew: a resume, a retry around it."""
        events = self.paths.get(path, [])
        ends = [place for place, each in enumerate(events) if isinstance(each, ENDS)]
        return events[ends[-2] + 1 :] if len(ends) > 1 else events


def status_of(event: Event | None) -> str:
    """Return how a path stands after its end; `pending` where there is none."""
    match event:
        case StepCompleted():
            return "succeeded"
        case StepFailed():
            return "failed"
        case StepSkipped():
            return "skipped"
        case StepCancelled():
            return "cancelled"
        case MapCompleted():
            return event.status
    return "pending"


def _ending(event: Event) -> dict[str, Any]:
    match event:
        case StepCompleted():
            return {
                "output": event.output,
                "error": None,
                "attempts": event.attempt,
                "duration": event.duration,
            }
        case StepFailed():
            error = msgspec.to_builtins(event.error)
            return {"error": error, "attempts": event.attempts, "duration": event.duration}
        case MapCompleted():
            failure = None if event.error is None else msgspec.to_builtins(event.error)
            return {"error": failure, "counts": event.counts, "duration": event.duration}
    return {}


def _last(events: Iterable[Event], kind: type[E]) -> E | None:
    found: E | None = None
    for event in events:
        if isinstance(event, kind):
            found = event
    return found
