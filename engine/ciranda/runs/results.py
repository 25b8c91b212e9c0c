"""What expressions see of the steps: a second fold over the same events."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any, Final, overload

from ciranda.events import (
    BlockEntered,
    Event,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.events.path import place
from ciranda.expressions import Stored
from ciranda.runs.failure import plain_failure
from ciranda.runs.frame import Frame
from ciranda.runs.items import Items
from ciranda.runs.journal import Journal
from ciranda.runs.scheduler import Scheduler
from ciranda.runs.status import Status

__all__ = ["Results", "StoredItems", "StoredOutputs"]

# Above this many items outputs are read from the log instead of being kept.
KEPT_ITEMS: Final = 10_000
NO_SEQ: Final = -1


class StoredOutputs(Stored):
    """The outputs of a large map, in order, read from the log one by one."""

    def __init__(self, journal: Journal, seqs: array[int]) -> None:
        self._journal: Final = journal
        self._seqs: Final = seqs

    def __len__(self) -> int:
        return len(self._seqs)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._read(seq) for seq in self._seqs[index]]
        return self._read(self._seqs[index])

    def __iter__(self) -> Iterator[Any]:
        return map(self._read, self._seqs)

    def _read(self, seq: int) -> Any:
        return None if seq == NO_SEQ else self._journal.output(seq)


class StoredItems(Stored):
    """The items of a map as `{status, output, error}`, made when they are looked at."""

    def __init__(
        self, items: Items, outputs: list[Any] | StoredOutputs, errors: dict[int, Any]
    ) -> None:
        self._items: Final = items
        self._outputs: Final = outputs
        self._errors: Final = errors

    def __len__(self) -> int:
        return len(self._items.statuses)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[item] for item in range(*index.indices(len(self)))]
        item = index + len(self) if index < 0 else index
        return {
            "status": Status(self._items.statuses[item]).word,
            "output": self._outputs[item],
            "error": self._errors.get(item),
        }


class _MapResult:
    """What is gathered while a map runs."""

    __slots__ = ("errors", "outputs", "seqs")

    def __init__(self, count: int) -> None:
        self.outputs: list[Any] | None = None
        self.seqs: array[int] = array("q")
        self.errors: dict[int, Any] = {}
        if count <= KEPT_ITEMS:
            self.outputs = [None] * count
        else:
            self.seqs = array("q", [NO_SEQ]) * count


def _view(
    status: str, output: Any, error: Any, attempts: int, duration: float, **more: Any
) -> dict[str, Any]:
    return {
        "status": status,
        "output": output,
        "error": error,
        "attempts": attempts,
        "duration": duration,
        "items": None,
        "counts": None,
        **more,
    }


class Results:
    """The `steps` that expressions read; `steps[id]` is plain data with the names of the design.

    Attributes:
        steps: Those of the run itself.
        last: What the last turn of each loop gave, by the number of the step.
        used: What each step of the run used, with all that is inside of it.
        early: What was given to the run, or a sub-workflow, that was ended early.
    """

    def __init__(self, scheduler: Scheduler, journal: Journal) -> None:
        self._scheduler: Final = scheduler
        self._journal: Final = journal
        self._maps: Final[dict[int, _MapResult]] = {}
        # Views are never changed, only replaced: all steps begin with the same one.
        self._pending: Final = _view("pending", None, None, 0, 0.0)
        self.steps: Final[dict[str, dict[str, Any]]] = dict.fromkeys(
            scheduler.graph.by_id, self._pending
        )
        self._views: Final[dict[Frame, dict[str, dict[str, Any]]]] = {scheduler.root: self.steps}
        self.last: Final[dict[int, Any]] = {}
        self.used: Final[dict[str, dict[str, float]]] = {}
        self._durations: Final[dict[str, tuple[int, float]]] = {}  # of inner steps, by place
        self.early: Final[dict[Frame, Any]] = {}
        self._reducers: Final[dict[type[Event], Callable[[Any], None]]] = {
            StepAttemptFailed: self._spent,
            StepCompleted: self._completed,
            StepFailed: self._failed,
            StepSkipped: self._skipped,
            StepCancelled: self._cancelled,
            MapExpanded: self._expanded,
            MapCompleted: self._map,
            BlockEntered: self._entered,
            LoopTurned: self._turned,
        }

    def apply(self, event: Event) -> None:
        """Take a fact in, after the scheduler did."""
        reducer = self._reducers.get(type(event))
        if reducer is not None:
            reducer(event)

    def views(self, frame: Frame) -> dict[str, dict[str, Any]]:
        """Return the `steps` that expressions inside of a frame read."""
        return self._views[frame]

    def forget(self, frame: Frame) -> None:
        """Forget the steps of a frame that nobody needs any more."""
        self._views.pop(frame, None)
        self.early.pop(frame, None)
        for node in range(frame.base, frame.base + len(frame.graph.nodes)):
            self._maps.pop(node, None)
            self.last.pop(node, None)

    def item_error(self, node: int, item: int) -> dict[str, Any] | None:
        """Return the error of an item or a turn that failed."""
        return self._maps[node].errors.get(item)

    def _entered(self, event: BlockEntered) -> None:
        scheduler = self._scheduler
        node, item = scheduler.find(event.path) if event.path else (-1, -1)
        conduct = scheduler.conduct(node, item)
        assert conduct is not None  # the scheduler has just entered it
        frame = conduct.frames[event.block]
        around = scheduler.root if node < 0 else scheduler.frames[node]
        if event.block.startswith("workflow."):  # a sub-workflow's handler sees its steps
            around = conduct.frames["workflow"]
        outer = self._views[around]
        beside = conduct.frames.get("try")
        peers = {} if beside is None or beside is frame else self._views[beside]
        views = {
            name: peers[name] if name in peers else outer[name]
            for name in frame.graph.reads
            if name in peers or name in outer
        }
        views.update(dict.fromkeys(frame.graph.by_id, self._pending))
        self._views[frame] = views

    def _spent(self, event: StepAttemptFailed | StepCompleted | StepFailed | StepCancelled) -> None:
        for name, amount in event.used.items():
            total = self.used.setdefault(event.path.partition("/")[0], {})
            total[name] = total.get(name, 0.0) + amount

    def _completed(self, event: StepCompleted) -> None:
        path = event.path
        if event.used:
            self._spent(event)
        view: dict[str, Any] = {
            "status": "succeeded",
            "output": event.output,
            "error": None,
            "attempts": event.attempt,
            "duration": event.duration,
            "items": None,
            "counts": None,
        }
        if "/" not in path and path not in self._scheduler.special:
            self.steps[path] = view
            return
        node, item = self._scheduler.find(path)
        if self._scheduler.nodes[node].body == "succeed":
            self._end_early(node, event.output)
        if item >= 0:
            self._item(node, item, output=event.output, seq=event.seq)
        else:
            self._put(node, view)
            self._took(path, event.duration)

    def _took(self, path: str, seconds: float) -> None:
        if "/" in path and seconds > 0:
            where = place(path)
            times, total = self._durations.get(where, (0, 0.0))
            self._durations[where] = times + 1, total + seconds

    def durations(self) -> dict[str, float]:
        """Return the seconds that good steps took, by place; those inside of steps the mean."""
        found = {
            name: view["duration"]
            for name, view in self.steps.items()
            if view["status"] == "succeeded" and view["duration"] > 0
        }
        return found | {name: total / times for name, (times, total) in self._durations.items()}

    def _end_early(self, node: int, output: Any) -> None:
        frame: Frame | None = self._scheduler.frames[node]
        while frame is not None:
            if frame.early == node:
                self.early[frame] = output
            frame = self._scheduler.frames[frame.owner] if frame.owner >= 0 else None

    def _put(self, node: int, view: dict[str, Any]) -> None:
        scheduler = self._scheduler
        if scheduler.nodes[node].is_loop:
            turns = scheduler.items.get(node)
            if turns is not None:
                view["counts"] = turns.counts()
            elif view["status"] == "succeeded":  # it was over before its first turn
                view["counts"] = {}
        self._views[scheduler.frames[node]][scheduler.nodes[node].id] = view

    def _failed(self, event: StepFailed) -> None:
        self._spent(event)
        error = plain_failure(event.error)
        node, item = self._scheduler.find(event.path)
        if item >= 0:
            self._item(node, item, error=error)
        else:
            self._put(node, _view("failed", None, error, event.attempts, event.duration))

    def _skipped(self, event: StepSkipped) -> None:
        self._ended(event.path, "skipped")

    def _cancelled(self, event: StepCancelled) -> None:
        self._spent(event)
        self._ended(event.path, "cancelled")

    def _ended(self, path: str, status: str) -> None:
        node, item = self._scheduler.find(path)
        if item < 0:
            self._put(node, _view(status, None, None, 0, 0.0))

    def _turned(self, event: LoopTurned) -> None:
        if not event.turn:  # it may be what a resumed run begins anew
            node, _ = self._scheduler.find(event.path)
            self.last.pop(node, None)
            self._maps.pop(node, None)

    def _expanded(self, event: MapExpanded) -> None:
        self._maps[self._scheduler.find(event.path)[0]] = _MapResult(event.count)

    def _item(
        self, node: int, item: int, *, output: Any = None, seq: int = NO_SEQ, error: Any = None
    ) -> None:
        gathered = self._maps.get(node)
        if gathered is None:  # a loop: of its turns only the last one counts
            gathered = self._maps[node] = _MapResult(0)
        if error is not None:
            gathered.errors[item] = error
            return
        gathered.errors.pop(item, None)
        if self._scheduler.nodes[node].is_loop:
            self.last[node] = output
        elif gathered.outputs is not None:
            gathered.outputs[item] = output
        else:
            gathered.seqs[item] = seq

    def _map(self, event: MapCompleted) -> None:
        scheduler = self._scheduler
        number, _ = scheduler.find(event.path)
        if event.status == "succeeded":
            self._took(event.path, event.duration)
        node, items, gathered = scheduler.nodes[number], scheduler.items[number], self._maps[number]
        outputs: list[Any] | StoredOutputs = (
            StoredOutputs(self._journal, gathered.seqs)
            if gathered.outputs is None
            else gathered.outputs
        )
        # `stop` leaves holes that nobody asked for: only a map that went to its end has an output.
        whole = event.status == "succeeded" or (
            event.status == "failed" and node.on_item_failure != "stop"
        )
        output: Any = outputs if whole else None
        if node.join.race and items.winner >= 0:
            output = {"winner": items.winner, "value": outputs[items.winner]}
        self._views[scheduler.frames[number]][node.id] = _view(
            event.status,
            output,
            None if event.error is None else plain_failure(event.error),
            1,
            event.duration,
            items=StoredItems(items, outputs, gathered.errors),
            counts=event.counts,
        )
