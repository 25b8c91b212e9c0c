"""Planning again from the frontier: what has ended is kept, the rest is scheduled anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, final

from msgspec.structs import replace as changed

from .actual import Actual
from .plan import Cost, Plan, Task
from .preparing import Prepared
from .search import search
from .state import ENDED, State

__all__ = ["Replanning", "frontier"]

_FAR: Final = 0.25  # of the prediction: a smaller error changes no order worth the search
_LEAST: Final = 0.2  # seconds; what is shorter is over before it is planned
_TURNS: Final = 8  # searches in one run at the most
_TRIES: Final = 20  # orders tried: the loop waits meanwhile


@final
class Replanning:
    """Schedules what is left of a plan anew once a task ends far from its prediction.

    Args:
        prepared: The plan.
        actual: Its course.
        reorder: Takes the new places of the steps.
    """

    def __init__(
        self,
        prepared: Prepared,
        actual: Actual,
        reorder: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._prepared: Final = prepared
        self._actual: Final = actual
        self._reorder: Final = reorder
        self._ends: Mapping[str, float] = prepared.schedule.ends
        self._since = 0.0  # the schedule that is followed begins here
        self.turns = 0

    def ended(self, task: str) -> None:
        """Note that a task has ended; plan again if that was far from its prediction."""
        course = self._actual.courses[task]
        if course.ended is None or task not in self._ends or self.turns >= _TURNS:
            return
        late = abs(course.ended - self._since - self._ends[task])
        if late < max(_LEAST, _FAR * self._prepared.schedule.makespan):
            return
        self.turns += 1
        rest = frontier(self._prepared.plan, self._actual, course.ended)
        if not rest.expected:
            return
        schedule = search(rest, tries=_TRIES)
        self._ends, self._since = schedule.ends, course.ended
        steps = self._prepared.compiled.steps
        self._reorder({steps[each]: at for at, each in enumerate(schedule.order)})


def frontier(plan: Plan, actual: Actual, now: float) -> Plan:
    """Return what is left of a plan: what has ended is done, what is under way goes on.

    A task is expected to take as much longer than its estimate as those of its kind did.

    Args:
        plan: The whole.
        actual: Its course.
        now: Seconds from its start.
    """
    courses = actual.courses
    factors = _factors(plan, actual)
    done = {task for task, course in courses.items() if course.state in ENDED}
    done |= _hopeless(plan, actual)
    tasks = []
    for task in plan.tasks:
        estimate = task.estimate * factors.get(_sort(task), 1.0)
        course = courses[task.id]
        if course.state is State.RUNNING and course.open is not None:
            # It holds its worker already: its limits are paid, and it is first in every order.
            left = max(0.0, estimate - (now - course.open))
            task = changed(task, estimate=left, priority=1 << 30, cost=Cost())  # noqa: PLW2901
        elif task.id not in done:
            task = changed(task, estimate=estimate)  # noqa: PLW2901
        tasks.append(task)
    return replace(plan, tasks=tuple(tasks), already_succeeded=plan.already_succeeded | done)


def _hopeless(plan: Plan, actual: Actual) -> set[str]:
    """Return the tasks that will be skipped, because something that they need did not succeed."""
    children: dict[str, list[str]] = {}
    for task in plan.tasks:
        for need in task.needs:
            children.setdefault(need, []).append(task.id)
    bad = [
        task
        for task, course in actual.courses.items()
        if course.state in ENDED and course.state is not State.SUCCEEDED
    ]
    found: set[str] = set()
    while bad:
        for child in children.get(bad.pop(), ()):
            if child not in found:
                found.add(child)
                bad.append(child)
    return found


def _sort(task: Task) -> tuple[str, str]:
    return task.kind, task.uses or (task.command[0] if task.command else "")


def _factors(plan: Plan, actual: Actual) -> dict[tuple[str, str], float]:
    """Return how many times longer than estimated the tasks of each sort took."""
    took: dict[tuple[str, str], list[float]] = {}
    for task in plan.tasks:
        course = actual.courses[task.id]
        if course.state is State.SUCCEEDED and course.spans and task.estimate:
            sums = took.setdefault(_sort(task), [0.0, 0.0])
            sums[0] += course.spans[-1][1] - course.spans[-1][0]
            sums[1] += task.estimate
    return {sort: real / expected for sort, (real, expected) in took.items()}
