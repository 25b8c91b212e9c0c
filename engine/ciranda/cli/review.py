"""What became of a run, as its log tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, final

import msgspec

from ciranda.events import (
    Event,
    ForeignEvent,
    MapCompleted,
    MapExpanded,
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

if TYPE_CHECKING:
    from ciranda.store import Log, RunRow

__all__ = ["Review", "review"]

_UNKNOWN: dict[str, Any] = {
    "status": "pending",
    "output": None,
    "error": None,
    "attempts": 0,
    "duration": None,
    "items": None,
    "counts": None,
    "cached": False,
    "reason": "",
    "used": {},
}


def review(log: Log, row: RunRow) -> Review:
    """Read a run from its log.

    Raises:
        StoreError: The log is damaged.
    """
    from ciranda.cli.history import events_of, pinned_workflow, status_of
    from ciranda.errors import CirandaError

    seen = Review(replace(row, status=status_of(log, row)))
    try:
        names = list(pinned_workflow(log, row.id).steps)
    except CirandaError:  # not of this version: the events still tell what happened
        names = []
    seen.steps = {name: dict(_UNKNOWN) for name in names}
    for event in events_of(log, row.id):
        seen.apply(event)
    return seen


@final
@dataclass(slots=True)
class Review:
    """A run as people look back on it.

    Attributes:
        row: What the store says of it.
        inputs: Its inputs, `***` where a secret is.
        steps: For each step `{status, output, error, attempts, duration, items, counts, ...}`.
        outputs: What it gave back.
        error: Why it failed when no step did.
        published: For each event of a plugin `{type, at, ...}` with its fields.
    """

    row: RunRow
    inputs: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: Any = None
    error: Any = None
    published: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        row = self.row
        return {
            "run": row.id,
            "workflow": row.name,
            "file": row.file,
            "status": row.status,
            "created": row.created,
            "finished": row.finished,
            "inputs": self.inputs,
            "steps": self.steps,
            "outputs": self.outputs,
            "error": self.error,
            "published": self.published,
        }

    def apply(self, event: Event | ForeignEvent) -> None:
        """Fold one event."""
        match event:
            case ForeignEvent():
                self.published.append(_fields(event))
            case RunStarted():
                self.inputs = event.inputs or {}
            case RunResumed():
                self._reopen()
            case RunCompleted():
                self.outputs = event.outputs
                self.error = None if event.error is None else msgspec.to_builtins(event.error)
            case StepStarted() | StepAttemptFailed() | StepCompleted() | StepFailed():
                self._turn(event)
            case StepSkipped() | StepCancelled():
                self._spend(event.path, getattr(event, "used", {}))
                status = "skipped" if isinstance(event, StepSkipped) else "cancelled"
                self._view(event.path).update(status=status, reason=event.reason)
            case MapExpanded():
                items = [dict(_UNKNOWN) for _ in range(event.count)]
                self._view(event.path).update(status="running", items=items)
            case MapCompleted():
                self._view(event.path).update(
                    status=event.status,
                    counts=event.counts,
                    duration=event.duration,
                    error=None if event.error is None else msgspec.to_builtins(event.error),
                )

    def _turn(self, event: StepStarted | StepAttemptFailed | StepCompleted | StepFailed) -> None:
        view = self._view(event.path)
        self._spend(event.path, getattr(event, "used", {}))
        match event:
            case StepStarted():
                view.update(status="running", attempts=event.attempt, reason="")
            case StepAttemptFailed():
                view.update(status="waiting", error=msgspec.to_builtins(event.error))
            case StepCompleted():
                view.update(
                    status="succeeded",
                    output=event.output,
                    error=None,
                    attempts=event.attempt,
                    duration=event.duration,
                    cached=event.cached,
                )
            case StepFailed():
                view.update(
                    status="failed",
                    error=msgspec.to_builtins(event.error),
                    attempts=event.attempts,
                    duration=event.duration,
                )

    def _spend(self, path: str, used: Mapping[str, float]) -> None:
        """Add to what a step, and the map around it, has used."""
        for place in dict.fromkeys((path, path.partition("/")[0])) if used else ():
            view = self._view(place)
            total = view["used"]
            view["used"] = {**total, **{name: total.get(name, 0.0) + used[name] for name in used}}

    def _view(self, path: str) -> dict[str, Any]:
        step, _, item = path.partition("/")
        view = self.steps.setdefault(step, dict(_UNKNOWN))
        items = view["items"]
        if item.isdecimal() and items is not None and int(item) < len(items):
            found: dict[str, Any] = items[int(item)]
            return found
        return view

    def _reopen(self) -> None:
        """Take back what a resume does again."""
        for view in self.steps.values():
            if view["status"] in ("running", "waiting", "cancelled"):
                view.update(status="pending", reason="")


def _fields(event: ForeignEvent) -> dict[str, Any]:
    """Return an event of a plugin as it was published, `***` where a secret is."""
    from ciranda.cli.history import masked

    known: dict[str, Any] = {"type": event.type, "at": event.at}
    try:
        found = msgspec.msgpack.decode(event.raw, ext_hook=masked)
    except msgspec.MsgspecError:  # whoever wrote it meant something else
        return known
    own = found if isinstance(found, dict) else {}
    return known | {name: own[name] for name in own if name not in ("run", "seq", "at", "type")}
