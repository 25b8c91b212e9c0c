"""Progress of a run while it runs: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO, final

from ciranda.events import (
    ApprovalGiven,
    Event,
    EventReceived,
    ForeignEvent,
    LoopTurned,
    MapExpanded,
    RunParked,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepLogged,
    StepWaits,
)
from ciranda.events.path import above
from ciranda.observe.spoken import plural, spoken, tally
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, visible
from ciranda.observe.waiting import answer_to, awaited, heard

__all__ = ["More", "PlainProgress", "Progress", "SilentProgress", "progress", "reason", "verdict"]

if TYPE_CHECKING:
    from ciranda.observe.waterfall import Line

More = Callable[[], "Sequence[Line]"]

_WIDEST: Final = 400  # columns of one line
_MOST: Final = 10  # failures within one map or loop that get a line each
_EVERY: Final = 5.0  # seconds between two lines about the same map or loop
_LEVELS: Final = frozenset({"warning", "error", "critical"})


class Progress(Protocol):
    """What shows a run to somebody; a context manager that leaves the terminal as it was."""

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the past of a run that is to be resumed."""
        ...

    def feed(self, event: Event) -> None:
        """Take an event in; returns at once and never fails."""
        ...

    def close(self) -> None:
        """Stop showing; any thread may call it, and more than once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def progress(
    stream: TextIO,
    *,
    quiet: bool = False,
    environ: Mapping[str, str] = os.environ,
    more: More | None = None,
) -> Progress:
    """Return the progress that fits a stream: a board on a terminal, else lines, else nothing.

    Args:
        stream: Standard error, usually.
        quiet: Show nothing.
        environ: `TERM=dumb` and `CI` ask for lines; rich itself heeds `NO_COLOR`.
        more: Returns lines for the head of a board; its thread calls it.
    """
    if quiet:
        return SilentProgress()
    dumb = environ.get("TERM", "") in ("dumb", "unknown") or bool(environ.get("CI"))
    if not dumb and stream.isatty():
        from ciranda.observe.board import Board

        return Board(stream, more=more)
    return PlainProgress(stream)


def verdict(track: Track) -> str:
    """Return how a track ended in a few words."""
    words = {State.SUCCEEDED: "cached" if track.cached else "ok"}
    text = words.get(track.state, track.state.value)
    if track.state is State.FAILED and track.tolerated:
        text = "failed (tolerated)"
    return text


def reason(track: Track) -> str:
    """Return why a track ended so: its error, its reason, the counts of a map."""
    if track.error is not None:
        return visible(f"{track.error.kind}: {track.error.message}")
    if track.counts is not None:
        return tally(track.counts)
    return visible(track.reason) or (plural(track.turns, "turn") if track.turns else heard(track))


@final
class SilentProgress:
    """Shows nothing."""

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Pass the events over."""

    def feed(self, event: Event) -> None:
        """Pass the event over."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@final
class PlainProgress:
    """One line for whatever a reader of a log wants to know: `14:03:02 verify  ok  1.2 s`.

    Within a map or a loop these are failures, questions, and from time to time how far it is.
    A stream that breaks is not written to again; the run goes on.

    Args:
        stream: Where lines go.
        local: Turns seconds since the epoch into the reader's time.
    """

    def __init__(
        self, stream: TextIO, *, local: Callable[[float], time.struct_time] = time.localtime
    ) -> None:
        self._stream: Final = stream
        self._local: Final = local
        self._timeline: Final = Timeline(self._ended, keep_items=False)
        self._counts: Final[dict[str, Counter[str]]] = {}  # of outermost maps and loops
        self._failed: Final[Counter[str]] = Counter()  # within each of them
        self._told: Final[dict[str, float]] = {}  # when each was last spoken of
        self._broken = False

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the past of a run without a line about it."""
        for event in events:
            self._timeline.prime([event])

    def feed(self, event: Event) -> None:
        """Write the line that an event is worth, if any."""
        if self._broken:
            return
        if isinstance(event, StepLogged):
            if event.level in _LEVELS:
                self._write(
                    event.at, f"{visible(event.path)}  {event.level}: {visible(event.text)}"
                )
            return
        self._timeline.apply(event)
        if isinstance(event, RunStarted):
            self._write(event.at, f"{visible(event.workflow)}  run {visible(event.run)}")
        elif isinstance(event, RunResumed):
            self._write(event.at, f"resumed  run {visible(event.run)}")
        elif isinstance(event, MapExpanded) and not self._repeated(event.path):
            self._told[event.path] = event.at
            self._write(event.at, f"{visible(event.path)}  {plural(event.count, 'item')}")
        elif isinstance(event, StepAttemptFailed):
            wait = spoken(event.retry_at - event.at)
            said = visible(f"{event.error.kind}: {event.error.message}")
            self._write(
                event.at,
                f"{visible(event.path)}  attempt {event.attempt} failed, again in {wait}  {said}",
            )
        else:
            self._waits(event)

    def _waits(self, event: Event) -> None:
        """Write what is waited for, and what came."""
        if isinstance(event, (StepWaits, ApprovalGiven)):
            segment = self._timeline.segment
            track = None if segment is None else segment.tracks.get(event.path)
            if track is None or (track.pause is None) is isinstance(event, StepWaits):
                return
            if isinstance(event, StepWaits):
                if event.what == "sleep" and self._repeated(event.path):
                    return
                answer = shlex.join(answer_to(track, self._timeline.run))
                said = awaited(track, event.at) + (f"  {visible(answer)}" if answer else "")
            else:
                said = heard(track)
            self._write(event.at, f"{visible(event.path)}  {said}")
        elif isinstance(event, EventReceived):
            source = f" from {visible(event.source)}" if event.source else ""
            self._write(event.at, f"received the event {visible(event.event)}{source}")
        elif isinstance(event, RunParked):
            due = "" if event.due is None else f", due in {spoken(event.due - event.at)}"
            said = f"all that is open waits: parked{due}"
            if event.group:
                said = f"waits for its place in the group {visible(event.group)}"
            self._write(event.at, said)
        elif isinstance(event, LoopTurned) and not self._repeated(event.path):
            segment = self._timeline.segment
            at = self._timeline.last if segment is None else segment.last
            if at - self._told.setdefault(event.path, at) >= _EVERY:
                self._told[event.path] = at
                self._write(at, f"{visible(event.path)}  turn {event.turn + 1:,}")

    def close(self) -> None:
        """Write nothing more."""
        self._broken = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _repeated(self, path: str) -> Track | None:
        """Return the outermost map or loop around a path, if any."""
        segment = self._timeline.segment
        found = None
        while segment is not None and (path := above(path)):
            track = segment.tracks.get(path)
            found = track if track is not None and track.repeats else found
        return found

    def _ended(self, segment: Segment, track: Track | None) -> None:
        if track is None or track.state in (State.INTERRUPTED, State.WAITING):
            return
        at = track.end or segment.last
        owner = self._repeated(track.path)
        if owner is not None:
            self._within_ended(owner, track, at)
            return
        self._told.pop(track.path, None)
        self._counts.pop(track.path, None)
        self._failed.pop(track.path, None)
        length = "" if track.state is State.SKIPPED else f"  {spoken(track.duration(at))}"
        why = reason(track)
        self._write(
            at, f"{visible(track.path)}  {verdict(track)}{length}{'  ' if why else ''}{why}"
        )

    def _within_ended(self, owner: Track, track: Track, at: float) -> None:
        if track.state is State.FAILED:
            self._failed[owner.path] += 1
            if self._failed[owner.path] <= _MOST:
                self._write(at, f"{visible(track.path)}  {verdict(track)}  {reason(track)}")
        if track.parent != owner.path:
            return
        counts = self._counts.setdefault(owner.path, Counter())
        counts[track.state.value] += 1
        if owner.is_map and at - self._told.setdefault(owner.path, at) >= _EVERY:
            self._told[owner.path] = at
            self._write(at, f"{visible(owner.path)}  {counts.total():,}/{owner.count:,}")

    def _write(self, at: float, text: str) -> None:
        clock = time.strftime("%H:%M:%S", self._local(at))
        try:
            self._stream.write(f"{clock} {clip(text, _WIDEST)}\n")
            self._stream.flush()
        except (OSError, ValueError):  # closed, or its reader is gone
            self._broken = True
