"""What expressions see of the steps: a second fold over the same events."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any, Final, overload

import msgspec

from ciranda.events import (
    Event,
    Failure,
    MapCompleted,
    MapExpanded,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.expressions import Stored
from ciranda.runs.items import Items
from ciranda.runs.journal import Journal
from ciranda.runs.scheduler import Scheduler, split_path
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
    """The `steps` that expressions read; `steps[id]` is plain data with the names of the design."""

    def __init__(self, scheduler: Scheduler, journal: Journal) -> None:
        self._scheduler: Final = scheduler
        self._journal: Final = journal
        self._maps: Final[dict[str, _MapResult]] = {}
        # Views are never changed, only replaced: all steps begin with the same one.
        pending = _view("pending", None, None, 0, 0.0)
        self.steps: Final[dict[str, dict[str, Any]]] = dict.fromkeys(scheduler.graph.by_id, pending)
        self.used: Final[dict[str, dict[str, float]]] = {}  # by step
        self._reducers: Final[dict[type[Event], Callable[[Any], None]]] = {
            StepAttemptFailed: self._spent,
            StepCompleted: self._completed,
            StepFailed: self._failed,
            StepSkipped: self._skipped,
            StepCancelled: self._cancelled,
            MapExpanded: self._expanded,
            MapCompleted: self._map,
        }

    def apply(self, event: Event) -> None:
        """Take a fact in, after the scheduler did."""
        reducer = self._reducers.get(type(event))
        if reducer is not None:
            reducer(event)

    def item_error(self, path: str, item: int) -> dict[str, Any] | None:
        """Return the error of an item of a map that has not ended."""
        return self._maps[path].errors.get(item)

    def _spent(self, event: StepAttemptFailed | StepCompleted | StepFailed | StepCancelled) -> None:
        for name, amount in event.used.items():
            total = self.used.setdefault(event.path.partition("/")[0], {})
            total[name] = total.get(name, 0.0) + amount

    def _completed(self, event: StepCompleted) -> None:
        path = event.path
        if event.used:
            self._spent(event)
        if "/" in path:
            self._item(path, output=event.output, seq=event.seq)
            return
        self.steps[path] = {
            "status": "succeeded",
            "output": event.output,
            "error": None,
            "attempts": event.attempt,
            "duration": event.duration,
            "items": None,
            "counts": None,
        }

    def _failed(self, event: StepFailed) -> None:
        self._spent(event)
        error = _plain(event.error)
        if "/" in event.path:
            self._item(event.path, error=error)
        else:
            self.steps[event.path] = _view("failed", None, error, event.attempts, event.duration)

    def _skipped(self, event: StepSkipped) -> None:
        if "/" not in event.path:
            self.steps[event.path] = _view("skipped", None, None, 0, 0.0)

    def _cancelled(self, event: StepCancelled) -> None:
        self._spent(event)
        if "/" not in event.path:
            self.steps[event.path] = _view("cancelled", None, None, 0, 0.0)

    def _expanded(self, event: MapExpanded) -> None:
        self._maps[event.path] = _MapResult(event.count)

    def _item(self, path: str, *, output: Any = None, seq: int = NO_SEQ, error: Any = None) -> None:
        name, item = split_path(path)
        gathered = self._maps[name]
        if error is not None:
            gathered.errors[item] = error
            return
        gathered.errors.pop(item, None)
        if gathered.outputs is not None:
            gathered.outputs[item] = output
        else:
            gathered.seqs[item] = seq

    def _map(self, event: MapCompleted) -> None:
        gathered = self._maps[event.path]
        node = self._scheduler.graph.by_id[event.path]
        outputs: list[Any] | StoredOutputs = (
            StoredOutputs(self._journal, gathered.seqs)
            if gathered.outputs is None
            else gathered.outputs
        )
        # `stop` leaves holes that nobody asked for: only a map that went to its end has an output.
        whole = event.status == "succeeded" or (
            event.status == "failed" and self._scheduler.graph.nodes[node].on_item_failure != "stop"
        )
        self.steps[event.path] = _view(
            event.status,
            outputs if whole else None,
            None if event.error is None else _plain(event.error),
            1,
            event.duration,
            items=StoredItems(self._scheduler.items[node], outputs, gathered.errors),
            counts=event.counts,
        )


def _plain(failure: Failure) -> dict[str, Any]:
    """Return the error model as expressions read it, every name present."""
    return {name: getattr(failure, name) for name in _FAILURE_FIELDS}


_FAILURE_FIELDS: Final = tuple(
    field.name
    for field in msgspec.structs.fields(Failure)
    if field.name not in ("traceback", "log", "place")
)
