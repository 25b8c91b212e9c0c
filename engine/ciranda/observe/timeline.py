"""The timeline of a run: a fold over its events, while it happens or from the log.

A run has one segment from its start, and one more from each time it was resumed: each is a trace
of its own. A step has a track in every segment in which something happened to it, or in which it
waited; the tracks beneath a step, an item or a turn are in its `inner`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    Event,
    EventReceived,
    EventTaken,
    ForeignEvent,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunParked,
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
from ciranda.events.path import AFTERWARDS, above, cleans_up
from ciranda.observe.rounds import Rounds
from ciranda.observe.segment import Segment
from ciranda.observe.track import Attempt, End, Pause, State, Track

__all__ = ["Segment", "Timeline", "fold"]

_RECEIVED: Final = 1000  # events from outside that a segment remembers


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
        # Those outlive segments: whoever resumes a run goes on within what was begun.
        self._owners: Final[dict[str, int]] = {}  # length of a list, -1 of what else holds steps
        self._handled: Final[dict[str, End]] = {}  # steps that are cleaned up after
        self._pauses: Final[dict[str, Pause]] = {}  # what open steps wait for
        self._rounds: Final = Rounds()
        self._folds: Final[dict[type, Callable[[Segment, Any], None]]] = {
            StepStarted: self._step_started,
            StepAttemptFailed: self._attempt_failed,
            StepCompleted: self._step_completed,
            StepFailed: self._step_failed,
            StepSkipped: self._step_skipped,
            StepCancelled: self._step_cancelled,
            StepWaits: self._step_waits,
            ApprovalGiven: self._approval_given,
            BlockEntered: self._block_entered,
            LoopTurned: self._loop_turned,
            MapExpanded: self._map_expanded,
            MapCompleted: self._map_completed,
            EventReceived: self._event_received,
            EventTaken: self._event_taken,
            RunParked: self._run_parked,
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
            if kind is not LoopTurned:  # its time may be to come
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
        segment = Segment(len(self.segments), event.at)
        self.segments.append(segment)
        for path, pause in self._pauses.items():  # they still wait, and nobody says so again
            self._wait(self._track(segment, path, event.at), pause._replace(start=event.at))

    def _event_received(self, segment: Segment, event: EventReceived) -> None:
        if len(segment.received) < _RECEIVED:
            segment.received.append((event.at, event.event, event.source))

    def _run_parked(self, segment: Segment, event: RunParked) -> None:
        segment.due, segment.group = event.due, event.group
        self._finish(segment, event.at, State.WAITING, State.WAITING)

    def _run_cancelled(self, segment: Segment, event: RunCancelled) -> None:
        segment.cancelled = (event.at, event.reason)

    def _run_completed(self, segment: Segment, event: RunCompleted) -> None:
        segment.error = event.error
        segment.failures = tuple(event.failures)
        segment.warnings = event.warnings
        self._finish(segment, event.at, State(event.status))

    def _finish(
        self, segment: Segment, at: float, state: State, left: State = State.INTERRUPTED
    ) -> None:
        """End a segment, and what is open in it in the state `left`."""
        for track in [track for track in reversed(segment.tracks.values()) if track.end is None]:
            self._end(segment, track, at, left)
        segment.end, segment.state = max(at, segment.last), state
        if self._ended is not None:
            self._ended(segment, None)

    # Tracks

    def _track(self, segment: Segment, path: str, at: float) -> Track:
        """Return the track of a path, made when there is none, beneath what was begun of above."""
        found = segment.tracks.get(path)
        if found is not None:
            return found
        missing = [path]
        while path := above(path):
            found = segment.tracks.get(path)
            if found is not None:
                break
            if path in self._owners or path in self._handled:
                missing.append(path)
        for path in reversed(missing):
            track = Track(path, at, "" if found is None else found.path)
            track.round = self._rounds.of(path)
            if found is not None:
                track.outer = found.round
                inner = found.within()
                if inner.turns and found.state is State.WAITING:
                    found.state, found.pauses = State.RUNNING, ()
            if path in self._owners:
                track.within().count = self._owners[path]
            segment.add(track)
            if path in self._handled and cleans_up(path, missing[0]):
                self._ended_before(segment, track, self._handled[path])
            found = track
        assert found is not None  # the path itself was missing
        return found

    def _end(self, segment: Segment, track: Track, at: float, state: State) -> None:
        if track.end is not None:
            return
        left = state if state is State.WAITING else State.INTERRUPTED
        for one in track.open_beneath():
            self._close(segment, one, at, left)
        self._close(segment, track, at, state)

    def _ended_before(self, segment: Segment, track: Track, how: End) -> None:
        """End a track of which only the handlers go on in this segment."""
        track.end, track.state = track.start, how.state
        track.error, track.tolerated, track.reason = how.error, how.tolerated, how.reason
        if self._ended is not None:
            self._ended(segment, track)

    def _close(self, segment: Segment, track: Track, at: float, state: State) -> None:
        track.end = max(track.attempt_start, track.start, at)
        if state is not State.WAITING:
            self._pauses.pop(track.path, None)
        if state in (State.SUCCEEDED, State.SKIPPED):  # any other may be gone on with
            self._owners.pop(track.path, None)
        track.go_on(track.end)
        track.state = state
        segment.last = max(segment.last, track.end)
        if self._ended is not None:
            self._ended(segment, track)
        if not self._keep and track.parent and segment.tracks[track.parent].repeats:
            segment.drop(track)

    def _spend(self, segment: Segment, track: Track, used: Mapping[str, float]) -> None:
        if used:
            track.spend(used)
            for around in segment.lineage(track):
                around.spend(used)

    # What happens to steps

    def _step_started(self, segment: Segment, event: StepStarted) -> None:
        track = segment.tracks.get(event.path)
        if track is None:
            track = self._track(segment, event.path, event.at)
        elif track.end is not None:
            return
        track.begin(event.attempt, event.at)
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
        track.go_on(event.at)
        track.state = State.WAITING

    def _step_completed(self, segment: Segment, event: StepCompleted) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            track.attempt = max(track.attempt, event.attempt)
            track.cached = event.cached
            if track.inner is not None and isinstance(event.output, dict):
                track.inner.winner = str(event.output.get("winner", ""))
            self._spend(segment, track, event.used)
            self._end(segment, track, event.at, State.SUCCEEDED)

    def _step_failed(self, segment: Segment, event: StepFailed) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            track.go_on(event.at)
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

    # What holds others

    def _block_entered(self, segment: Segment, event: BlockEntered) -> None:
        path = event.path
        self._rounds.apply(event)
        if not path or (event.block in AFTERWARDS and path not in segment.tracks):
            return
        track = self._track(segment, path, event.at)
        inner = track.within()
        if event.block in AFTERWARDS and track.end is not None:
            self._handled[path] = End(track.state, track.error, track.tolerated, track.reason)
        else:
            self._owners.setdefault(path, -1)
        if event.block not in AFTERWARDS and event.block != "finally":
            inner.block = event.block
        if track.end is None and event.attempt > track.attempt:
            for one in list(inner.tracks.values()):  # of the attempt before
                segment.drop(one)
            track.begin(event.attempt, event.at)

    def _loop_turned(self, segment: Segment, event: LoopTurned) -> None:
        self._owners.setdefault(event.path, -1)
        track = self._track(segment, event.path, segment.last)
        if track.end is not None:
            return
        inner = track.within()
        if event.turn < inner.turns:  # the loop itself was begun again
            for one in list(inner.tracks.values()):
                segment.drop(one)
        inner.turns = event.turn + 1
        track.pauses = (Pause("turn", segment.last, until=event.due or event.at),)
        track.state = State.WAITING

    def _map_expanded(self, segment: Segment, event: MapExpanded) -> None:
        self._owners[event.path] = event.count
        self._track(segment, event.path, event.at).within().count = event.count

    def _map_completed(self, segment: Segment, event: MapCompleted) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is not None:
            return
        inner = track.within()
        if inner.count < 0:
            inner.count = sum(event.counts.values())
        inner.counts = event.counts
        track.error, track.tolerated = event.error, event.tolerated
        self._end(segment, track, event.at, State(event.status))

    # What is waited for

    def _step_waits(self, segment: Segment, event: StepWaits) -> None:
        track = self._track(segment, event.path, event.at)
        if track.end is None:
            pause = Pause(
                event.what,
                event.at,
                until=event.until,
                event=event.event,
                prompt=event.prompt,
                who=tuple(event.who),
            )
            self._wait(track, pause)

    def _wait(self, track: Track, pause: Pause) -> None:
        self._pauses[track.path] = pause
        track.pause_for(pause)

    def _approval_given(self, segment: Segment, event: ApprovalGiven) -> None:
        track = self._track(segment, event.path, event.at)
        if track.pauses and track.end is None:
            last = track.pauses[-1]._replace(approved=event.approved, by=event.by)
            track.pauses = (*track.pauses[:-1], last)
            track.go_on(event.at)

    def _event_taken(self, segment: Segment, event: EventTaken) -> None:
        self._track(segment, event.path, event.at).go_on(event.at)


def fold(events: Iterable[Event | ForeignEvent]) -> Timeline:
    """Return the timeline of a run from its events."""
    timeline = Timeline()
    for event in events:
        timeline.apply(event)
    return timeline
