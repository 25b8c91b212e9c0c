"""What is known of the steps of an old run, and can be taken over by a new one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    Event,
    EventReceived,
    EventTaken,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    StepAttemptFailed,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.events.path import above, holds, is_index
from ciranda.runs.frame import is_main

__all__ = ["History"]

_ENDS: Final = (StepCompleted, StepSkipped, StepFailed, MapCompleted)
_ABOUT_A_PATH: Final = (EventTaken, ApprovalGiven)
_UNDOING: Final = "/@compensate/"


@dataclass(slots=True)
class History:
    """The last state of each step of a run, as the events that lead to it.

    Attributes:
        live: Those events, by their place in the log.
        ended: The place of the end of each step that ended well, by path.
        failed: Why a path has no end to take over.
    """

    live: dict[int, Event] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def fold(self, events: Iterable[Event]) -> None:
        """Take in the events of a run, in order."""
        for place, event in enumerate(events):
            if _UNDOING in getattr(event, "path", ""):
                continue  # what it undoes is done again
            if isinstance(event, EventReceived):
                self.live[place] = event
            elif isinstance(event, BlockEntered):
                self._entered(place, event)
            elif isinstance(event, MapExpanded):
                self.drop(event.path, inside_only=False)
                self.live[place] = event
            elif isinstance(event, LoopTurned):
                if event.turn == 0:
                    self.drop(event.path, inside_only=False)
                self.live[place] = event
            elif isinstance(event, StepAttemptFailed):
                self.drop(event.path, inside_only=False)
            elif isinstance(event, _ABOUT_A_PATH):
                self.live[place] = event
            elif isinstance(event, _ENDS):
                self._ended(place, event)

    def _entered(self, place: int, event: BlockEntered) -> None:
        if not event.path:
            return
        if event.block == "compensate":
            self._undone(event.path)
            return
        if is_main(event.block):
            self.drop(event.path, inside_only=False)
        self.live[place] = event

    def _undone(self, path: str) -> None:
        """Forget a step, and that those around it have ended: not those that go on without it."""
        self.drop(path, inside_only=False)
        self.failed[path] = "it was undone"
        around = above(path)
        while around in self.ended:
            self.drop_end(around)
            self.failed[around] = f"`{path}` in it was undone"
            around = above(around)

    def _ended(self, place: int, event: Event) -> None:
        path: str = event.path  # type: ignore[attr-defined]  # all ends have one
        old = self.ended.pop(path, None)
        if old is not None:
            del self.live[old]
        good = isinstance(event, StepCompleted)
        why = ""
        if isinstance(event, StepSkipped):
            good, why = not event.because, "it was skipped"
        elif isinstance(event, StepFailed):
            good, why = event.tolerated, "it failed"
        elif isinstance(event, MapCompleted):
            good, why = event.status == "succeeded" or event.tolerated, f"it {event.status}"
        if good:
            self.live[place] = event
            self.ended[path] = place
            self.failed.pop(path, None)
        else:
            self.failed[path] = why

    def drop(self, path: str, *, inside_only: bool) -> None:
        """Forget what is known of a step, or only of what is inside of it."""
        for place, event in list(self.live.items()):
            where = getattr(event, "path", None)
            if where is None or not holds(path, where) or (inside_only and where == path):
                continue
            del self.live[place]
            if self.ended.get(where) == place:
                del self.ended[where]

    def drop_end(self, path: str) -> None:
        """Forget that a step ended, and what followed its main block."""
        place = self.ended.pop(path, None)
        if place is not None:
            del self.live[place]
        for at, event in list(self.live.items()):
            handler = isinstance(event, BlockEntered) and not is_main(event.block)
            where = getattr(event, "path", "")
            if (handler and where == path) or where.startswith(f"{path}/@"):
                del self.live[at]

    def drop_turns(self, path: str, turn: int) -> None:
        """Forget the turns of a loop that come after one."""
        for at, event in list(self.live.items()):
            if isinstance(event, LoopTurned) and event.path == path and event.turn > turn:
                del self.live[at]
                self.drop(f"{path}/{event.turn}", inside_only=False)

    def knows(self, path: str) -> bool:
        """Say whether an item or a turn began, or was skipped; how it ended does not matter."""
        live = (getattr(event, "path", "") for event in self.live.values())
        return path in self.failed or any(holds(path, where) for where in live)

    def items(self, path: str) -> list[str]:
        """Return the paths of the items or turns of a step that ended well, in order."""
        numbers = (each.removeprefix(f"{path}/") for each in self.ended if holds(path, each))
        return [f"{path}/{number}" for number in sorted(map(int, filter(is_index, numbers)))]
