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
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.events.path import above, holds, is_index
from ciranda.runs.frame import is_main

__all__ = ["History"]

_ENDS: Final = (StepCompleted, StepSkipped, StepFailed, StepCancelled, MapCompleted)
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
    _bad: dict[str, tuple[int, Event]] = field(default_factory=dict)  # ends of the others
    _gone: set[str] = field(default_factory=set)  # what was undone
    _at: dict[str, list[int]] = field(default_factory=dict)  # the places of a path
    _below: dict[str, set[str]] = field(default_factory=dict)  # the paths one part longer

    def fold(self, events: Iterable[Event]) -> None:
        """Take in the events of a run, in order."""
        for place, event in enumerate(events):
            if _UNDOING in getattr(event, "path", ""):
                continue  # what it undoes is done again
            if isinstance(event, EventReceived):
                self._keep(place, event)
            elif isinstance(event, BlockEntered):
                self._entered(place, event)
            elif isinstance(event, MapExpanded):
                self.drop(event.path)
                self._keep(place, event)
            elif isinstance(event, LoopTurned):
                if event.turn == 0:
                    self.drop(event.path)
                self._keep(place, event)
            elif isinstance(event, StepAttemptFailed):
                self.drop(event.path)
            elif isinstance(event, _ABOUT_A_PATH):
                self._keep(place, event)
            elif isinstance(event, _ENDS):
                self._ended(place, event)

    def _entered(self, place: int, event: BlockEntered) -> None:
        if not event.path:
            return
        if event.block == "compensate":
            self._undone(event.path)
            return
        if is_main(event.block):
            self.drop(event.path)
        self._keep(place, event)

    def _undone(self, path: str) -> None:
        """Forget a step, and that those around it have ended: not those that go on without it."""
        self.drop(path)
        self._gone.add(path)
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
        self._bad.pop(path, None)
        good = isinstance(event, StepCompleted)
        why = ""
        if isinstance(event, StepSkipped):
            good, why = not event.because, "it was skipped"
        elif isinstance(event, StepFailed):
            good, why = event.tolerated, "it failed"
        elif isinstance(event, StepCancelled):
            why = "it was cancelled"
        elif isinstance(event, MapCompleted):
            good, why = event.status == "succeeded" or event.tolerated, f"it {event.status}"
        if good:
            self._keep(place, event)
            self.ended[path] = place
            self.failed.pop(path, None)
            for at, bad in self._forgiven(path):
                self._keep(at, bad)
        else:
            self.failed[path] = why
            self._bad[path] = place, event
            self._link(path)

    def _keep(self, place: int, event: Event) -> None:
        self.live[place] = event
        path: str | None = getattr(event, "path", None)
        if path is not None:
            self._at.setdefault(path, []).append(place)
            self._link(path)

    def _link(self, path: str) -> None:
        while path:
            outer = path.rpartition("/")[0]
            beside = self._below.setdefault(outer, set())
            if path in beside:
                return
            beside.add(path)
            path = outer

    def _forgiven(self, path: str) -> list[tuple[int, Event]]:
        """Return the bad ends in a step that are a part of how it ended well."""
        todo, found = [path], list[tuple[int, Event]]()
        while todo:
            for where in self._below.get(todo.pop(), ()):
                if where in self._bad:
                    found.append(self._bad[where])
                if where not in self.ended:
                    todo.append(where)
        return found

    def drop(self, path: str) -> None:
        """Forget what is known of a step, and of what is inside of it."""
        self._forget(path)
        todo = self._below.pop(path, set())
        while todo:
            where = todo.pop()
            self._forget(where)
            todo |= self._below.pop(where, set())

    def _forget(self, path: str) -> None:
        self._bad.pop(path, None)
        for place in self._at.pop(path, ()):
            self.live.pop(place, None)
            if self.ended.get(path) == place:
                del self.ended[path]

    def drop_end(self, path: str) -> None:
        """Forget that a step ended, and what followed its main block."""
        place = self.ended.pop(path, None)
        if place is not None:
            del self.live[place]
            for at, _ in self._forgiven(path):
                self.live.pop(at, None)
        for at in self._at.get(path, ()):
            event = self.live.get(at)
            if isinstance(event, BlockEntered) and not is_main(event.block):
                del self.live[at]
        for where in self._below.get(path, set()).copy():
            if where.startswith(f"{path}/@"):
                self.drop(where)

    def reopen(self, path: str) -> None:
        """Forget the end of a step, and what followed the main block of all in it that ended ill.

        The failures themselves are not kept, so that this would follow something still open.
        """
        todo = [path]
        for where in todo:
            self.drop_end(where)
            todo += [each for each in self._below.get(where, ()) if each not in self.ended]

    def drop_turns(self, path: str, turn: int) -> None:
        """Forget the turns of a loop that come after one."""
        for at, event in list(self.live.items()):
            if isinstance(event, LoopTurned) and event.path == path and event.turn > turn:
                del self.live[at]
                self.drop(f"{path}/{event.turn}")

    def close(self) -> None:
        """Keep no more than the end of steps in which something was undone and not done again.

        They ended well all the same, since what failed in them was forgiven; but nobody could go
        through what they did once more, with a part of it missing.
        """
        around: set[str] = set()
        for path in self._gone - self.ended.keys():
            while path and path not in around:
                around.add(path)
                path = path.rpartition("/")[0]  # noqa: PLW2901  (outwards)
        for path in sorted(around & self.ended.keys(), key=len):
            place = self.ended.get(path)
            if place is None:  # it was in one that is kept by its end alone
                continue
            end = self.live[place]
            if not isinstance(end, MapCompleted):  # which is nothing without its items
                self.drop(path)
                self._keep(place, end)
                self.ended[path] = place

    def knows(self, path: str) -> bool:
        """Say whether an item or a turn began, or was skipped; how it ended does not matter."""
        live = (getattr(event, "path", "") for event in self.live.values())
        return path in self.failed or any(holds(path, where) for where in live)

    def items(self, path: str) -> list[str]:
        """Return the paths of the items or turns of a step that ended well, in order."""
        numbers = (each.removeprefix(f"{path}/") for each in self.ended if holds(path, each))
        return [f"{path}/{number}" for number in sorted(map(int, filter(is_index, numbers)))]
