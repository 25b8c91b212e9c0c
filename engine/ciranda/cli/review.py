"""What became of a run, as its log tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    Event,
    EventTaken,
    ForeignEvent,
    LoopTurned,
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
    StepWaits,
)
from ciranda.events.path import above, is_block, is_index, place

if TYPE_CHECKING:
    from ciranda.store import Log, RunRow
    from ciranda.workflow.model import Step

__all__ = ["Review", "review"]

_UNKNOWN: Final[dict[str, Any]] = {
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
    "turns": None,
    "waits": None,
    "answer": None,
    "steps": None,
}
_LONGEST: Final = 10_000  # items of a map whose outputs are told twice, by themselves and as a list
_OVER: Final = frozenset({"succeeded", "failed", "skipped", "cancelled"})
# What cleaned up when its process was lost, and is not gone on with.
_OVERTAKEN: Final = {"status": "cancelled", "reason": "the run was resumed", "waits": None}
_GRAVEST: Final = ("failed", "running", "waiting", "cancelled", "succeeded", "skipped", "pending")


def review(log: Log, row: RunRow) -> Review:
    """Read a run from its log.

    Raises:
        StoreError: The log is damaged.
    """
    from ciranda.cli.history import events_of, pinned_workflow, status_of
    from ciranda.errors import CirandaError
    from ciranda.observe.outline import places

    seen = Review(msgspec.structs.replace(row, status=status_of(log, row)))
    try:
        workflow = pinned_workflow(log, row.id)
        seen.places = dict(places(workflow))
        seen.steps = {name: dict(_UNKNOWN) for name in workflow.steps}
    except CirandaError:  # not of this version: the events still tell what happened
        pass
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
        steps: For each step `{status, output, error, attempts, duration, items, counts, ...}`;
            `items` of a map or a loop and `steps` of what holds some are of the same kind. Steps
            of a block that is not the main one of its step are named `@catch0/tell`.
        outputs: What it gave back.
        error: Why it failed when no step did.
        published: For each event of a plugin `{type, at, ...}` with its fields.
        entered: The blocks of a step that were entered, by its place.
        places: The steps of its file, by place, as far as that is understood.
    """

    row: RunRow
    inputs: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: Any = None
    error: Any = None
    published: list[dict[str, Any]] = field(default_factory=list)
    entered: dict[str, set[str]] = field(default_factory=dict)
    places: Mapping[str, Step] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _firsts: dict[str, int] = field(default_factory=dict)  # items that succeeded before all others

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
                self._view(event.path).update(status=status, reason=event.reason, waits=None)
            case StepWaits() | EventTaken() | ApprovalGiven():
                self._wait(event)
            case BlockEntered() | LoopTurned() | MapExpanded() | MapCompleted():
                self._hold(event)

    def _wait(self, event: StepWaits | EventTaken | ApprovalGiven) -> None:
        view = self._view(event.path)
        match event:
            case StepWaits():
                self._enliven(event.path, event.at)
                view.update(status="waiting", waits=_asked(event))
            case EventTaken():
                view.update(status="running", waits=None)
            case ApprovalGiven():
                answer = {"approved": event.approved, "by": event.by, "form": event.form}
                view.update(status="running", waits=None, answer=answer)

    def _hold(self, event: BlockEntered | LoopTurned | MapExpanded | MapCompleted) -> None:
        if not event.path:
            return
        view = self._view(event.path)
        match event:
            case BlockEntered():
                self.entered.setdefault(place(event.path), set()).add(event.block)
                if view["status"] not in _OVER:
                    self._begun.setdefault(event.path, event.at)
                    if event.attempt > max(1, view["attempts"]):
                        view["steps"] = None  # they are begun again
                    view.update(status="running", attempts=event.attempt, reason="")
            case LoopTurned():
                self._enliven(event.path, event.at)
                self._begun.setdefault(event.path, event.at)
                items = view["items"] if view["items"] is not None else []
                del items[event.turn :]
                items.append(dict(_UNKNOWN))
                view.update(status="running", turns=event.turn + 1, items=items, reason="")
            case MapExpanded():
                items = [dict(_UNKNOWN) for _ in range(event.count)]
                view.update(status="running", items=items, reason="")
                self._firsts.pop(event.path, None)
            case MapCompleted():
                begun = self._begun.pop(event.path, None)
                view.update(
                    status=event.status,
                    counts=event.counts,
                    duration=event.duration if begun is None else event.at - begun,
                    error=None if event.error is None else msgspec.to_builtins(event.error),
                    output=self._gathered(event, view["items"] or []),
                )

    def _gathered(self, event: MapCompleted, items: list[dict[str, Any]]) -> Any:
        """Return the output of a map, as expressions of its run read it."""
        step = self.places.get(place(event.path))
        first = self._firsts.get(event.path)
        if step is not None and step.join.race and first is not None:
            return {"winner": first, "value": items[first]["output"]}
        stopped = step is None or step.on_item_failure == "stop"
        whole = event.status == "succeeded" or (event.status == "failed" and not stopped)
        return [item["output"] for item in items] if whole and len(items) <= _LONGEST else None

    def _turn(self, event: StepStarted | StepAttemptFailed | StepCompleted | StepFailed) -> None:
        view = self._view(event.path)
        self._spend(event.path, getattr(event, "used", {}))
        begun = None
        if isinstance(event, (StepCompleted, StepFailed)):
            begun = self._begun.pop(event.path, None)  # what holds others took all of that
        match event:
            case StepStarted():
                self._enliven(event.path, event.at)
                view.update(status="running", attempts=event.attempt, reason="", waits=None)
            case StepAttemptFailed():
                view.update(status="waiting", error=msgspec.to_builtins(event.error))
            case StepCompleted():
                self._note_first(event.path)
                view.update(
                    status="succeeded",
                    reason="",
                    output=event.output,
                    error=None,
                    attempts=event.attempt,
                    duration=event.duration if begun is None else event.at - begun,
                    cached=event.cached,
                    waits=None,
                )
            case StepFailed():
                view.update(
                    status="failed",
                    reason="",
                    error=msgspec.to_builtins(event.error),
                    attempts=event.attempts,
                    duration=event.duration if begun is None else event.at - begun,
                    waits=None,
                )

    def _note_first(self, path: str) -> None:
        owner, _, item = path.rpartition("/")
        if is_index(item):
            self._firsts.setdefault(owner, int(item))

    def _enliven(self, path: str, at: float) -> None:
        """Note that something begins: a resume goes on inside of all that is around it."""
        if "@" in path:  # what cleans up after a step does not begin it again
            return
        while path := above(path):
            view = self._view(path)
            if view["status"] in ("pending", "failed", "cancelled"):
                view.update(status="running", error=None)
                self._begun.setdefault(path, at)

    def _spend(self, path: str, used: Mapping[str, float]) -> None:
        """Add to what a step, and all that is around it, has used."""
        while used and path:
            view = self._view(path)
            total = view["used"]
            view["used"] = {**total, **{name: total.get(name, 0.0) + used[name] for name in used}}
            path = above(path)

    def _view(self, path: str) -> dict[str, Any]:
        views, block = self.steps, ""
        view: dict[str, Any] | None = None
        for part in path.split("/"):
            items = None if view is None else view["items"]
            if is_block(part):
                block = f"{part}/"
            elif items is not None and is_index(part) and int(part) < len(items):
                view = items[int(part)]
            else:
                if view is not None:
                    views = view["steps"] = view["steps"] or {}
                view = views.setdefault(f"{block}{part}", dict(_UNKNOWN))
                block = ""
        assert view is not None  # a path has parts
        return view

    def views(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every step, item and turn with its path, what is inside of one after it."""
        waiting = list(reversed(self.steps.items()))
        while waiting:
            path, view = waiting.pop()
            yield path, view
            inner = [(f"{path}/{name}", one) for name, one in (view["steps"] or {}).items()]
            inner += [(f"{path}/{number}", one) for number, one in enumerate(view["items"] or ())]
            waiting += reversed(inner)

    def statuses(self) -> dict[str, str]:
        """Return how each step of the file stands, by its place: the gravest of its items."""
        found: dict[str, str] = {}
        for path, view in self.views():
            step, status = place(path), view["status"]
            if not is_index(path.rpartition("/")[2]):
                grave = _GRAVEST.index(status) if status in _GRAVEST else 0
                known = found.get(step)
                if known is None or known not in _GRAVEST or grave < _GRAVEST.index(known):
                    found[step] = status
        return found

    def _reopen(self) -> None:
        """Take back what a resume does again."""
        for name, view in self.steps.items():
            handler = is_block(name.partition("/")[0])
            if handler and view["status"] in ("running", "waiting"):
                view.update(**_OVERTAKEN)
            _reopened(view, kept=handler)


def _reopened(view: dict[str, Any], *, kept: bool = False) -> bool:
    """Take back what a resume does again in a step; tell whether something in it waits on.

    Args:
        view: The step.
        kept: Whether what is around it has succeeded, so that it is not done again.
    """
    status, waits = view["status"], view["waits"] is not None
    kept = kept or status in ("succeeded", "skipped")
    within = 0
    for name, one in (view["steps"] or {}).items():
        if kept and is_block(name.partition("/")[0]) and one["status"] in ("running", "waiting"):
            one.update(**_OVERTAKEN)  # it undid
        within += _reopened(one, kept=kept)
    within += sum(_reopened(one, kept=kept) for one in view["items"] or ())
    if not kept and not waits and status in ("running", "waiting", "cancelled"):
        view.update(status="running" if within else "pending", reason="")
    return waits or within > 0


def _asked(event: StepWaits) -> dict[str, Any]:
    return {
        "for": event.what,
        "event": event.event,
        "prompt": event.prompt,
        "form": event.form,
        "who": list(event.who),
        "since": event.at,
        "until": event.until,
    }


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
