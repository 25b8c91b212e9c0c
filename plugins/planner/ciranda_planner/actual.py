"""What really happened in the run of a plan: a fold over its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from ciranda.events import (
    Event,
    Failure,
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

from .state import ENDED, State, state_of_step

__all__ = ["Actual", "Course"]


@final
@dataclass(slots=True)
class Course:
    """How one task went; times are seconds from the start of this part of the run.

    Attributes:
        state: How it stands.
        spans: Start and end of each attempt; a last one without end is under way.
        error: Why its last attempt failed.
        reason: Why it was skipped or cancelled.
        used: What it reported to have cost.
        waited: Seconds for which it was ready, by what it waited for (`StepStarted.waited`).
    """

    state: State = State.PENDING
    spans: list[tuple[float, float]] = field(default_factory=list)
    open: float | None = None
    error: Failure | None = None
    reason: str = ""
    used: dict[str, float] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)

    @property
    def started(self) -> float | None:
        """When the first attempt began."""
        return self.spans[0][0] if self.spans else self.open

    @property
    def ended(self) -> float | None:
        """When the last attempt ended."""
        return self.spans[-1][1] if self.spans and self.open is None else None

    @property
    def attempts(self) -> int:
        """How many attempts began."""
        return len(self.spans) + (self.open is not None)

    @property
    def work(self) -> float:
        """Seconds in which it was worked on."""
        return sum(end - start for start, end in self.spans)


@final
class Actual:
    """The course of every task of a plan; feed it the run's events, in order.

    Args:
        tasks: The ids of the tasks by those of their steps; other steps are not looked at.
        needs: For each task those whose success it waits for.
        done: The tasks that had succeeded before.
    """

    def __init__(
        self,
        tasks: Mapping[str, str],
        needs: Mapping[str, tuple[str, ...]],
        done: frozenset[str] = frozenset(),
    ) -> None:
        self._tasks: Final = tasks
        self._begun = 0.0
        self.courses: Final = {task: Course() for task in tasks.values()}
        self._takes: Final[dict[type, Callable[[str, Course, Any, float], None]]] = {
            StepStarted: self._started,
            StepAttemptFailed: self._attempt_failed,
            StepCompleted: self._completed,
            StepFailed: self._failed,
            StepSkipped: self._skipped,
            StepCancelled: self._cancelled,
        }
        self.ended: float | None = None
        self.cancelled = ""
        self._needs: Final = needs
        for task in done:
            self.courses[task] = Course(State.SUCCEEDED)
        self._unmet: Final = {
            task: sum(need not in done for need in needs.get(task, ())) for task in tasks.values()
        }
        self._children: Final[dict[str, list[str]]] = {}
        for task, wanted in needs.items():
            for need in wanted:
                self._children.setdefault(need, []).append(task)

    def apply(self, event: Event) -> str | None:
        """Take an event in; return the task it is about, if any."""
        take = self._takes.get(type(event))
        if take is not None:
            task = self._tasks.get(event.path)  # type: ignore[attr-defined]  # they are of steps
            if task is None:
                return None
            course = self.courses[task]
            take(task, course, event, event.at - self._begun)
            used: Mapping[str, float] = getattr(event, "used", None) or {}
            for name, amount in used.items():
                course.used[name] = course.used.get(name, 0.0) + amount
            return task
        if isinstance(event, RunStarted | RunResumed):
            self._begin(event.at)
        elif isinstance(event, RunCancelled):
            self.cancelled = event.reason or "cancelled"
        elif isinstance(event, RunCompleted):
            self.ended = event.at - self._begun
        return None

    def admit(self, at: float) -> None:
        """Count from here: the store has the run, and what is ready may start.

        What was done before it was interrupted stays as it was; the time between does not count.
        """
        self._begun = at - self.makespan

    def moment(self, at: float) -> float:
        """Return a time since the epoch as seconds from the start."""
        return at - self._begun

    def _begin(self, at: float) -> None:
        self.admit(at)
        for task, unmet in self._unmet.items():
            if not unmet and self.courses[task].state is State.PENDING:
                self.courses[task].state = State.READY

    def _started(self, task: str, course: Course, event: StepStarted, at: float) -> None:
        course.state, course.open = State.RUNNING, at
        for cause, seconds in event.waited.items():
            course.waited[cause] = course.waited.get(cause, 0.0) + seconds

    def _attempt_failed(
        self, task: str, course: Course, event: StepAttemptFailed, at: float
    ) -> None:
        self._close(course, at, event.duration)
        course.state, course.error = State.RETRYING, event.error

    def _completed(self, task: str, course: Course, event: StepCompleted, at: float) -> None:
        self._close(course, at, event.duration)
        self._end(task, State.SUCCEEDED)

    def _failed(self, task: str, course: Course, event: StepFailed, at: float) -> None:
        self._close(course, at, event.duration)
        course.error = event.error
        self._end(task, state_of_step("failed", event.error.kind))

    def _skipped(self, task: str, course: Course, event: StepSkipped, at: float) -> None:
        course.reason = event.reason
        self._end(task, State.SKIPPED)

    def _cancelled(self, task: str, course: Course, event: StepCancelled, at: float) -> None:
        course.reason = event.reason
        if course.open is not None:
            self._close(course, at, at - course.open)
        self._end(task, State.CANCELLED)

    @staticmethod
    def _close(course: Course, at: float, duration: float) -> None:
        start = course.open if course.open is not None else at - duration
        course.spans.append((start, max(start, at)))
        course.open = None

    def _end(self, task: str, state: State) -> None:
        self.courses[task].state = state
        for child in self._children.get(task, ()):
            if child in self._unmet:
                self._unmet[child] -= 1
                course = self.courses[child]
                if not self._unmet[child] and course.state is State.PENDING:
                    course.state = State.READY

    def states(self, reserved: str | None = None) -> dict[str, State]:
        """Return how each task stands.

        Args:
            reserved: The step whose turn it is at the limiter, as the run's dispatch tells it.
        """
        states = {task: course.state for task, course in self.courses.items()}
        first = self._tasks.get(reserved) if reserved is not None else None
        if first is not None and states[first] in (State.READY, State.RETRYING):
            states[first] = State.RESERVED
        return states

    @property
    def running(self) -> list[str]:
        """The tasks under way."""
        return [task for task, each in self.courses.items() if each.state is State.RUNNING]

    @property
    def done(self) -> int:
        """How many tasks have ended."""
        return sum(each.state in ENDED for each in self.courses.values())

    @property
    def makespan(self) -> float:
        """When the last task ended."""
        return max((each.ended or 0.0 for each in self.courses.values()), default=0.0)

    @property
    def executed(self) -> list[str]:
        """The tasks that were begun, in that order."""
        begun = [
            (started, at, task)
            for at, (task, each) in enumerate(self.courses.items())
            if (started := each.started) is not None
        ]
        return [task for _, _, task in sorted(begun)]

    @property
    def together(self) -> int:
        """The most that were under way at once."""
        changes: list[tuple[float, int]] = []
        for each in self.courses.values():
            for start, end in each.spans:
                changes += [(start, 1), (end, -1)]
        most = now = 0
        for _, change in sorted(changes):  # at one instant ends come first
            now += change
            most = max(most, now)
        return most
