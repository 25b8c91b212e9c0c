"""Progress of a run while it runs: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO, final

from ciranda.events import (
    Event,
    ForeignEvent,
    MapExpanded,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepLogged,
)
from ciranda.observe.spoken import plural, spoken, tally
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, visible

__all__ = ["More", "PlainProgress", "Progress", "SilentProgress", "progress", "reason", "verdict"]

if TYPE_CHECKING:
    from ciranda.observe.waterfall import Line

More = Callable[[], "Sequence[Line]"]

_WIDEST: Final = 400  # columns of one line
_MOST: Final = 10  # failed items of one map that get a line each
_EVERY: Final = 5.0  # seconds between two lines about the same map
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
    return visible(track.reason)


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
        self._counts: Final[dict[str, dict[str, int]]] = {}
        self._told: Final[dict[str, float]] = {}  # when a map was last spoken of
        self._broken = False

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the past of a run without a line about it."""
        for event in events:
            if isinstance(event, MapExpanded):
                self._counts[event.path] = {}
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
        elif isinstance(event, MapExpanded):
            self._counts[event.path] = {}
            self._told[event.path] = event.at
            self._write(event.at, f"{visible(event.path)}  {plural(event.count, 'item')}")
        elif isinstance(event, StepAttemptFailed):
            wait = spoken(event.retry_at - event.at)
            said = visible(f"{event.error.kind}: {event.error.message}")
            self._write(
                event.at,
                f"{visible(event.path)}  attempt {event.attempt} failed, again in {wait}  {said}",
            )

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

    def _ended(self, segment: Segment, track: Track | None) -> None:
        if track is None or track.state is State.INTERRUPTED:
            return
        at = track.end or segment.last
        if track.parent in self._counts:
            self._item_ended(segment, track, at)
            return
        length = "" if track.state is State.SKIPPED else f"  {spoken(track.duration(at))}"
        why = reason(track)
        self._write(
            at, f"{visible(track.path)}  {verdict(track)}{length}{'  ' if why else ''}{why}"
        )

    def _item_ended(self, segment: Segment, item: Track, at: float) -> None:
        counts = self._counts[item.parent]
        counts[item.state.value] = number = counts.get(item.state.value, 0) + 1
        if item.state is State.FAILED and number <= _MOST:
            self._write(at, f"{visible(item.path)}  {verdict(item)}  {reason(item)}")
        if at - self._told.get(item.parent, at) >= _EVERY:
            self._told[item.parent] = at
            whole = segment.tracks[item.parent].count
            self._write(at, f"{visible(item.parent)}  {sum(counts.values()):,}/{whole:,}")

    def _write(self, at: float, text: str) -> None:
        clock = time.strftime("%H:%M:%S", self._local(at))
        try:
            self._stream.write(f"{clock} {clip(text, _WIDEST)}\n")
            self._stream.flush()
        except (OSError, ValueError):  # closed, or its reader is gone
            self._broken = True
