"""The runs that steps of a run began: plans have one of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import msgspec

from ciranda.errors import RunNotFoundError
from ciranda.events import Event, ForeignEvent, PlanBegan

if TYPE_CHECKING:
    from ciranda.observe.timeline import Timeline
    from ciranda.store import Log

__all__ = ["Part", "draw_parts", "inner_runs", "parts_of"]

_DEEPEST: Final = 4  # parts of parts that are drawn
_MOST: Final = 50  # runs that are drawn in one picture


@final
@dataclass(frozen=True, slots=True)
class Part:
    """A run that a step began.

    Attributes:
        path: The step.
        run: The id of its run.
        name: What the run is called.
        status: How it stands; `pruned` when it is in the store no more.
    """

    path: str
    run: str
    name: str
    status: str

    @property
    def said(self) -> str:
        """What is said of it where there is little room."""
        if self.status in ("pruned", "interrupted"):
            return f"run {self.run} was {self.status}"
        still = {"running": " goes on", "waiting": " waits"}
        return f"run {self.run}{still.get(self.status, '')}"


def parts_of(log: Log, events: Iterable[Event | ForeignEvent]) -> list[Part]:
    """Return the runs that the steps of a run began, each once, as its log tells."""
    from ciranda.cli.history import status_of

    found: dict[tuple[str, str], Part] = {}
    for event in events:
        if not isinstance(event, ForeignEvent) or event.type != PlanBegan.__name__:
            continue
        try:
            began = msgspec.msgpack.decode(event.raw, type=PlanBegan)
        except msgspec.MsgspecError:  # of a plugin that means something else by it
            continue
        try:
            status = status_of(log, log.run(began.plan_run))
        except RunNotFoundError:
            status = "pruned"
        found[began.path, began.plan_run] = Part(began.path, began.plan_run, began.plan, status)
    return [*found.values()]


def inner_runs(log: Log, run: str) -> Iterator[tuple[str, Part]]:
    """Yield the parts of a run and theirs, each with the path of its step in the outermost run."""
    from ciranda.cli.history import events_of

    waiting = [("", run, 0)]
    for _ in range(_MOST):
        if not waiting:
            return
        prefix, owner, depth = waiting.pop(0)
        for part in parts_of(log, events_of(log, owner)):
            path = f"{prefix}{part.path}"
            yield path, part
            if part.status != "pruned" and depth + 1 < _DEEPEST:
                waiting.append((f"{path}/", part.run, depth + 1))


def draw_parts(log: Log, timeline: Timeline) -> None:
    """Hang the runs that steps began beneath these steps."""
    from ciranda.cli.history import read_timeline
    from ciranda.observe.grafting import graft
    from ciranda.observe.timeline import Timeline

    for number, (path, part) in enumerate(inner_runs(log, timeline.run)):
        inner = Timeline()
        if part.status != "pruned" and number < _MOST:
            inner = read_timeline(log, part.run)
            if part.status == "interrupted":
                inner.interrupt()
        graft(timeline, path, inner, part.said)
