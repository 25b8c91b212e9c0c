"""One stretch of a run that one process executed."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.events import Failure
from ciranda.observe.track import State, Track

__all__ = ["Segment"]


class Segment:
    """A run from its start, or a resume, to the next stop; times are seconds since the epoch.

    `word` is how whoever ran it calls its end, where that is another word than that of `state`.
    """

    __slots__ = (
        "cancelled",
        "due",
        "end",
        "error",
        "failures",
        "group",
        "index",
        "last",
        "received",
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
        self.received: list[tuple[float, str, str]] = []  # when, event, source; the first ones
        self.due: float | None = None  # when a parked run goes on by itself
        self.group = ""  # in which a run waits for a place
        self.tracks: dict[str, Track] = {}
        self.word = ""

    @property
    def told(self) -> str:
        """How it stands, in one word for people."""
        return self.word or self.state.value

    def steps(self) -> Iterator[Track]:
        """Yield the tracks that stand directly beneath the run, in order of their start."""
        yield from (track for track in self.tracks.values() if not track.parent)

    def add(self, track: Track) -> None:
        """Put a track beneath its parent, which is here."""
        self.tracks[track.path] = track
        if track.parent:
            self.tracks[track.parent].within().tracks[track.path] = track

    def drop(self, track: Track) -> None:
        """Forget a track and all that is beneath it."""
        around = self.tracks.get(track.parent)
        if around is not None and around.inner is not None:
            around.inner.tracks.pop(track.path, None)
        leaving = [track]
        while leaving:
            one = leaving.pop()
            del self.tracks[one.path]
            leaving += one.beneath

    def lineage(self, track: Track) -> Iterator[Track]:
        """Yield the tracks around a track, innermost first."""
        while track.parent in self.tracks:
            track = self.tracks[track.parent]
            yield track

    def forgives(self, track: Track) -> bool:
        """Say whether a failure came to nothing: tolerated, caught, not needed by a join."""
        around = [*self.lineage(track)]
        if any(one.path in self.failures for one in (track, *around)):
            return False  # a handler that failed, of a step that may have succeeded
        return track.tolerated or any(
            one.tolerated or one.state is State.SUCCEEDED for one in around
        )

    def duration(self, now: float) -> float:
        """Return the seconds from its start to its end, or to `now`."""
        return max(0.0, (now if self.end is None else self.end) - self.start)
