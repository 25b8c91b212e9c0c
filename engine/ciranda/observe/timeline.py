"""The timeline of a run: a fold over its events, while it happens or from the log.

A run has one segment from its start, and one more from each time it was resumed: each is a trace
of its own. A step has a track in every segment in which something happened to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from ciranda.events import (
    Event,
    Failure,
    ForeignEvent,
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
from ciranda.observe.track import Attempt, State, Track

__all__ = ["Segment", "Timeline", "fold"]


class Segment:
    """A run from its start, or a resume, to the next stop; times are seconds since the epoch.

    `word` is how whoever ran it calls its end, where that is another word than that of `state`.
    """

    __slots__ = (
        "cancelled",
        "end",
        "error",
        "failures",
        "index",
        "last",
        "start",
        "state",
        "tracks",
        "warnings",
        "word",
    )

    def __init__(self, index: int, start: float) -> None:
        self.index = index
        self.start = start
        self.end: float | None = None
        self.last = start  # of its latest event
        self.state = State.RUNNING
        self.error: Failure | None = None
        self.failures: tuple[str, ...] = ()
        self.warnings = 0
        self.cancelled: tuple[float, str] | None = None  # when and why somebody stopped it
        self.tracks: dict[str, Track] = {}
        self.word = ""

    @property
    def told(self) -> str:
        """How it stands, in one word for people."""
        return self.word or self.state.value

    def steps(self) -> Iterator[Track]:
        """Yield the tracks that stand directly beneath the run, in order of their start."""
        yield from (track for track in self.tracks.values() if not track.parent)

    def items(self, path: str) -> list[Track]:
        """Return the tracks beneath one track."""
        return [track for track in self.tracks.values() if track.parent == path]

    def beneath(self) -> dict[str, list[Track]]:
        """Return the tracks beneath each track that has some, in one pass."""
        found: dict[str, list[Track]] = {}
        for track in self.tracks.values():
            if track.parent:
                found.setdefault(track.parent, []).append(track)
        return found

    def duration(self, now: float) -> float:
        """Return the seconds from its start to its end, or to `now`."""
        return max(0.0, (now if self.end is None else self.end) - self.start)


Ended = Callable[[Segment, "Track | None"], None]


class Timeline:
    """The segments of one run and the tracks in them.

    Args:
        ended: Called once for each track that has ended, after those beneath it, and at last with
            None for the segment itself.
        keep_items: Whether items of maps stay here after they ended; without, the memory of a
            run does not grow with the length of its lists.
    """

    def __init__(self, ended: Ended | None = None, *, keep_items: bool = True) -> None:
        self.run = ""
        self.workflow = ""
        self.file = ""
        self.parent = ""  # the caller's traceparent
        self.steps = 0  # number of steps in the file
        self.segments: Final[list[Segment]] = []
        self._ended: Ended | None = ended
        self._keep: Final = keep_items
        self._maps: Final[dict[str, int]] = {}  # length of each list, whatever the segment
        self._folds: Final[dict[type, Callable[[Segment, Any], None]]] = {
            StepStarted: self._step_started,
            StepAttemptFailed: self._attempt_failed,
            StepCompleted: self._step_completed,
            StepFailed: self._step_failed,
            StepSkipped: self._step_skipped,
            StepCancelled: self._step_cancelled,
            MapExpanded: self._map_expanded,
            MapCompleted: self._map_completed,
            RunCancelled: self._run_cancelled,
            RunCompleted: self._run_completed,
        }

    @property
    def segment(self) -> Segment | None:
        """The newest segment; None before the first event."""
        return self.segments[-1] if self.segments else None

    @property
    def state(self) -> State:
        """How the run stands."""
        return self.segments[-1].state if self.segments else State.RUNNING

    @property
    def last(self) -> float:
        """When the newest event happened, in seconds since the epoch."""
        return self.segments[-1].last if self.segments else 0.0

    def apply(self, event: Event | ForeignEvent) -> None:
        """Take an event in; those that are no part of a run's log change nothing."""
        kind = type(event)
        if isinstance(event, RunStarted):
            if not self.segments:
                self.run, self.workflow, self.file = event.run, event.workflow, event.file
                self.parent, self.steps = event.trace_parent, event.steps
                self.segments.append(Segment(0, event.at))
            return
        if isinstance(event, RunResumed):
            self._resumed(event)
            return
        take = self._folds.get(kind)
        if take is None or not self.segments:
            return
        segment = self.segments[-1]
        if segment.end is None:
            segment.last = max(segment.last, event.at)
            take(segment, event)

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take the past of a run in without a word to `ended`, which heard it at the time."""
        ended, self._ended = self._ended, None
        try:
            for event in events:
                self.apply(event)
        finally:
            self._ended = ended

    def interrupt(self) -> None:
        """End what is still open, at the time of the newest event: its process is gone."""
        if self.segments and self.segments[-1].end is None:
            segment = self.segments[-1]
            self._finish(segment, segment.last, State.INTERRUPTED)

    # Segments

    def _resumed(self, event: RunResumed) -> None:
        self.interrupt()
        self.run = self.run or event.run
        self.segments.append(Segment(len(self.segments), event.at))

    def _run_cancelled(self, segment: Segment, event: RunCancelled) -> None:
        segment.cancelled = (event.at, event.reason)

    def _run_completed(self, segment: Segment, event: RunCompleted) -> None:
        segment.error = event.error
        segment.failures = tuple(event.failures)
        segment.warnings = event.warnings
        self._finish(segment, event.at, State(event.status))

    def _finish(self, segment: Segment, at: float, state: State) -> None:
        for track in [track for track in reversed(segment.tracks.values()) if track.end is None]:
            self._end(segment, track, at, State.INTERRUPTED)
        segment.end, segment.state = max(at, segment.last), state
        if self._ended is not None:
            self._ended(segment, None)

    # Tracks

    def _track(self, segment: Segment, path: str, at: float) -> Track:
        track = segment.tracks.get(path)
        if track is None:
            track = segment.tracks[path] = Track(path, at, self._parent(segment, path, at))
            track.count = self._maps.get(path, -1)
        return track

    def _parent(self, segment: Segment, path: str, at: float) -> str:
        """Return the nearest path above that has a track; an open map of the past gets one."""
        while "/" in path:
            path = path.rpartition("/")[0]
            if path in segment.tracks:
                return path
            if path in self._maps:
                return self._track(segment, path, at).path
        return ""

    def _end(self, segment: Segment, track: Track, at: float, state: State) -> None:
        if track.end is not None:
            return
        track.end, track.state = max(track.attempt_start, track.start, at), state
        segment.last = max(segment.last, track.end)
        if self._ended is not None:
            self._ended(segment, track)
        if not self._keep and track.parent in self._maps:
            del segment.tracks[track.path]

    def _spend(self, segment: Segment, track: Track, used: Mapping[str, float]) -> None:
        if used:
            track.spend(used)
            if track.parent:
                segment.tracks[track.parent].spend(used)

    def _step_started(self, segment: Segment, event: StepStarted) -> None:
        track = segment.tracks.get(event.path)
        if track is None:
            track = self._track(segment, event.path, event.at)
        elif track.end is not None:
            return
        track.attempt, track.attempt_start = event.attempt, max(track.start, event.at)
        track.state = State.RUNNING
        if event.waited:
            track.wait(event.waited)

    def _attempt_failed(self, segment: Segment, event: StepAttemptFailed) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is not None:
            return
        self._spend(segment, track, event.used)
        start = track.attempt_start if track.attempt == event.attempt else event.at
        attempt = Attempt(
            event.attempt, start, max(start, event.at), State.FAILED, event.error, event.retry_at
        )
        if not track.past or track.past[-1].number < attempt.number:
            track.past = (*track.past, attempt)
        track.attempt, track.attempt_start = event.attempt, start
        track.state = State.WAITING

    def _step_completed(self, segment: Segment, event: StepCompleted) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            track.attempt = max(track.attempt, event.attempt)
            track.cached = event.cached
            self._spend(segment, track, event.used)
            self._end(segment, track, event.at, State.SUCCEEDED)

    def _step_failed(self, segment: Segment, event: StepFailed) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            if track.state is State.WAITING or track.attempt < event.attempts:
                track.attempt, track.attempt_start = event.attempts, max(track.start, event.at)
                track.state = State.RUNNING
            track.error, track.tolerated = event.error, event.tolerated
            self._spend(segment, track, event.used)
            self._end(segment, track, event.at, State.FAILED)

    def _step_skipped(self, segment: Segment, event: StepSkipped) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            track.reason, track.because = event.reason, event.because
            self._end(segment, track, event.at, State.SKIPPED)

    def _step_cancelled(self, segment: Segment, event: StepCancelled) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            track.reason = event.reason
            self._spend(segment, track, event.used)
            self._end(segment, track, event.at, State.CANCELLED)

    def _map_expanded(self, segment: Segment, event: MapExpanded) -> None:
        self._maps[event.path] = event.count
        self._track(segment, event.path, event.at).count = event.count

    def _map_completed(self, segment: Segment, event: MapCompleted) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is not None:
            return
        for item in segment.items(track.path):
            self._end(segment, item, event.at, State.INTERRUPTED)
        track.count = self._maps.setdefault(event.path, sum(event.counts.values()))
        track.counts = event.counts
        track.error, track.tolerated = event.error, event.tolerated
        self._end(segment, track, event.at, State(event.status))


def fold(events: Iterable[Event | ForeignEvent]) -> Timeline:
    """Return the timeline of a run from its events."""
    timeline = Timeline()
    for event in events:
        timeline.apply(event)
    return timeline
