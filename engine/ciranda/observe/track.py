"""One bar of a timeline: a step, a map or an item of a map, in one segment of a run."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ciranda.events import Failure

__all__ = ["Attempt", "End", "Inner", "Pause", "State", "Track"]

NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class State(enum.StrEnum):
    """How a track, an attempt or a segment stands."""

    RUNNING = "running"
    WAITING = "waiting"  # for a time, an event, somebody's word; with an end: it is parked
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process ended first
    PLANNED = "planned"  # nobody has begun it: it is drawn where it is to be


class Attempt(NamedTuple):
    """One attempt of a step; times are seconds since the epoch.

    `retry_at` is when another attempt was to follow, 0 when none was.
    """

    number: int
    start: float
    end: float | None
    state: State
    error: Failure | None = None
    retry_at: float = 0.0


class Pause(NamedTuple):
    """What a step waits, or waited, for; times are seconds since the epoch."""

    what: str  # `sleep`, `event`, `approval`; `turn` for a loop between two of them
    start: float
    end: float | None = None
    until: float | None = None  # then it is over, whatever comes
    event: str = ""
    prompt: str = ""
    who: tuple[str, ...] = ()
    approved: bool | None = None  # None as long as nobody answered
    by: str = ""


class End(NamedTuple):
    """How a step ended that has handlers."""

    state: State
    error: Failure | None
    tolerated: bool
    reason: str


class Inner:
    """What is inside of a track: the steps of a block, the items of a map, the turns of a loop.

    Attributes:
        tracks: The tracks directly beneath, by path, in order of their start.
        count: Number of items of a map; -1 for anything else.
        counts: Items of a map by status.
        turns: Number of turns of a loop so far; 0 for anything else.
        block: The block that was entered last, `case1` or `catch0`.
        winner: The branch or the item that was first.
    """

    __slots__ = ("block", "count", "counts", "tracks", "turns", "winner")

    def __init__(self) -> None:
        self.tracks: Final[dict[str, Track]] = {}
        self.count = -1
        self.counts: dict[str, int] | None = None
        self.turns = 0
        self.block = ""
        self.winner = ""

    @property
    def repeats(self) -> bool:
        """Whether what is inside are items or turns."""
        return self.count >= 0 or self.turns > 0


class Track:
    """A step, a map or an item while and after it runs; a few hundred bytes each.

    Attributes:
        path: The step's path, such as `verify/3`.
        start: When it began, in seconds since the epoch.
        end: When it ended; None as long as it has not.
        state: How it stands.
        attempt: Number of the attempt that runs or ran last; 0 for a map and for a skipped step.
        attempt_start: When that attempt began.
        past: The attempts before it.
        error: Why it failed for good.
        tolerated: Whether `continue-on-error` accepts that.
        cached: Whether the answer came from the cache.
        reason: Why it was skipped or cancelled.
        because: The step whose failure caused a skip.
        parent: Path of the track around it, "" for the run.
        inner: What is inside of it; None for a step of its own.
        pauses: What it waited for, oldest first.
        round: Empty, unless steps around it were begun again: how deep those are, and which
            attempt of each it is in.
        outer: The round of the track around it.
        used: What its attempts reported, and those of its items, by name.
        waited: Seconds that its attempts were ready before they began, by what they waited for.
    """

    __slots__ = (
        "attempt",
        "attempt_start",
        "because",
        "cached",
        "end",
        "error",
        "inner",
        "outer",
        "parent",
        "past",
        "path",
        "pauses",
        "reason",
        "round",
        "start",
        "state",
        "tolerated",
        "used",
        "waited",
    )

    def __init__(self, path: str, start: float, parent: str = "") -> None:
        self.path = path
        self.start = start
        self.parent = parent
        self.end: float | None = None
        self.state = State.RUNNING
        self.attempt = 0
        self.attempt_start = start
        self.past: tuple[Attempt, ...] = ()
        self.error: Failure | None = None
        self.tolerated = False
        self.cached = False
        self.reason = ""
        self.because = ""
        self.inner: Inner | None = None
        self.pauses: tuple[Pause, ...] = ()
        self.round = ""
        self.outer = ""
        self.used: Mapping[str, float] = NOTHING
        self.waited: Mapping[str, float] = NOTHING

    @property
    def count(self) -> int:
        """Number of items of a map; -1 for anything else."""
        return -1 if self.inner is None else self.inner.count

    @property
    def counts(self) -> dict[str, int] | None:
        """Items of a map by status, once all have ended."""
        return None if self.inner is None else self.inner.counts

    @property
    def is_map(self) -> bool:
        """Whether it has items."""
        return self.count >= 0

    @property
    def turns(self) -> int:
        """Number of turns of a loop so far; 0 for anything else."""
        return 0 if self.inner is None else self.inner.turns

    @property
    def repeats(self) -> bool:
        """Whether what is beneath are items or turns."""
        return self.inner is not None and self.inner.repeats

    @property
    def beneath(self) -> Iterable[Track]:
        """The tracks directly beneath, in order of their start."""
        return () if self.inner is None else self.inner.tracks.values()

    @property
    def pause(self) -> Pause | None:
        """What it waits for now; None when it waits for nothing, or for its next attempt."""
        if self.state is State.WAITING and self.pauses:
            return self.pauses[-1]
        return None

    def within(self) -> Inner:
        """Return what is inside, from now on."""
        if self.inner is None:
            self.inner = Inner()
        return self.inner

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts, oldest first."""
        if not self.attempt or self.state is State.WAITING:
            return self.past
        if self.past and self.past[-1].number >= self.attempt:  # stopped while it waited
            return self.past
        last = Attempt(self.attempt, self.attempt_start, self.end, self.state, self.error)
        return (*self.past, last)

    @property
    def trials(self) -> tuple[Attempt, ...]:
        """The attempts that are worth a span: what is within, or a wait, tells of an only one."""
        attempts = self.attempts
        only = len(attempts) == 1 and (self.inner is not None or bool(self.pauses))
        return () if only else attempts

    @property
    def stops(self) -> tuple[Pause, ...]:
        """The waits that are worth a span; those between turns are not."""
        return () if self.repeats else self.pauses

    @property
    def waits(self) -> tuple[tuple[float, float], ...]:
        """Start and end of each pause between attempts; the end of an open one is planned."""
        attempts = self.attempts
        found: list[tuple[float, float]] = []
        for number, attempt in enumerate(attempts):
            if attempt.retry_at and attempt.end is not None:
                if number + 1 < len(attempts):
                    until = attempts[number + 1].start
                else:
                    until = attempt.retry_at if self.end is None else self.end
                found.append((attempt.end, max(attempt.end, until)))
        return tuple(found)

    def begin(self, attempt: int, at: float) -> None:
        """Begin an attempt."""
        self.attempt, self.attempt_start = attempt, max(self.start, at)
        self.state = State.RUNNING

    def pause_for(self, pause: Pause) -> None:
        """Wait for something."""
        self.go_on(pause.start)
        self.pauses = (*self.pauses, pause)
        self.state = State.WAITING

    def go_on(self, at: float) -> None:
        """End what is waited for, if anything is."""
        if self.pause is not None and self.pauses[-1].end is None:
            self.pauses = (*self.pauses[:-1], self.pauses[-1]._replace(end=at))
            self.state = State.RUNNING

    def open_beneath(self) -> list[Track]:
        """Return what is open beneath, innermost first."""
        found: list[Track] = []
        looking = [self]
        while looking:
            inner = [one for one in looking.pop().beneath if one.end is None]
            found += inner
            looking += inner
        return found[::-1]

    def spend(self, used: Mapping[str, float]) -> None:
        """Add to what was used."""
        self.used = _sum(self.used, used)

    def wait(self, waited: Mapping[str, float]) -> None:
        """Add to what was waited for."""
        self.waited = _sum(self.waited, waited)

    def duration(self, now: float) -> float:
        """Return the seconds from its start to its end, or to `now`."""
        return max(0.0, (now if self.end is None else self.end) - self.start)


def _sum(some: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    return {**some, **{name: some.get(name, 0.0) + amount for name, amount in more.items()}}
