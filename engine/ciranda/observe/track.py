"""One bar of a timeline: a step, a map or an item of a map, in one segment of a run."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ciranda.events import Failure

__all__ = ["Attempt", "State", "Track"]


NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class State(enum.StrEnum):
    """How a track, an attempt or a segment stands."""

    RUNNING = "running"
    WAITING = "waiting"  # for the time of its next attempt
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process ended first
    PLANNED = "planned"  # nobody has begun it: it is drawn where it is to be

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (State.RUNNING, State.WAITING)


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
        count: Number of items of a map; -1 for anything else.
        counts: Items of a map by status.
        parent: Path of the track around it, "" for the run.
        used: What its attempts reported, and those of its items, by name.
        waited: Seconds that its attempts were ready before they began, by what they waited for.
    """

    __slots__ = (
        "attempt",
        "attempt_start",
        "because",
        "cached",
        "count",
        "counts",
        "end",
        "error",
        "parent",
        "past",
        "path",
        "reason",
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
        self.count = -1
        self.counts: dict[str, int] | None = None
        self.used: Mapping[str, float] = NOTHING
        self.waited: Mapping[str, float] = NOTHING

    @property
    def is_map(self) -> bool:
        """Whether it has items."""
        return self.count >= 0

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
