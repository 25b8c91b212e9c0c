"""Planning again from the frontier: what has ended is kept, the rest is scheduled anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as changed

from .actual import Actual, Course
from .plan import Cost, Plan, Task
from .preparing import Prepared
from .search import search
from .state import ENDED, State

__all__ = ["Learned", "Replanning", "frontier", "sort_of"]

_FAR: Final = 1.25  # times what was thought: a smaller error changes no order worth the search
_LEAST: Final = 0.2  # seconds at stake: what is shorter is over before it is planned
_TURNS: Final = 8  # searches in one run at the most
_EFFORT: Final = 2_000  # tasks played in a search: the loop waits meanwhile

Sort = tuple[str, str]


class Replanning:
    """Schedules what is left anew once tasks of a sort take longer, or shorter, than thought.

    Where all that is left is of one sort the order would stay as it is.

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
        self._tasks: Final = {task.id: task for task in prepared.plan.expected}
        self._learned: Final = Learned()
        self._left: Final[dict[Sort, float]] = {}  # seconds of estimated work
        self._thought: Final[dict[Sort, float]] = {}  # the factors that the order is based on
        for task in self._tasks.values():
            sort = sort_of(task)
            self._left[sort] = self._left.get(sort, 0.0) + task.estimate
        self.turns = 0

    def ended(self, name: str) -> None:
        """Note that a task has ended; plan again if its sort is far from what was thought."""
        task = self._tasks.pop(name, None)
        if task is None or self.turns >= _TURNS:
            return
        sort = sort_of(task)
        self._left[sort] -= task.estimate
        if not self._learned.take(task, self._actual.courses[name]):
            return
        factor, thought = self._learned.factor(sort), self._thought.get(sort, 1.0)
        stake = abs(factor - thought) * self._left[sort] / self._prepared.plan.workers
        if stake < _LEAST or max(factor / thought, thought / max(factor, 1e-9)) < _FAR:
            return
        if sum(left > 0 for left in self._left.values()) > 1:
            self._plan()

    def _plan(self) -> None:
        self.turns += 1
        self._thought.update(self._learned.factors)
        now = max(course.ended or 0.0 for course in self._actual.courses.values())
        rest = frontier(self._prepared.plan, self._actual, self._learned.factors, now)
        schedule = search(rest, tries=max(1, _EFFORT // len(self._tasks)))
        steps = self._prepared.compiled.steps
        self._reorder({steps[each]: at for at, each in enumerate(schedule.order)})


class Learned:
    """How many times longer than estimated the tasks of each sort took."""

    def __init__(self) -> None:
        self._took: Final[dict[Sort, tuple[float, float]]] = {}

    def take(self, task: Task, course: Course) -> bool:
        """Learn from a task that has ended; say whether there was anything to learn."""
        if course.state is not State.SUCCEEDED or not course.spans or not task.estimate:
            return False
        sort = sort_of(task)
        real, expected = self._took.get(sort, (0.0, 0.0))
        start, end = course.spans[-1]
        self._took[sort] = (real + end - start, expected + task.estimate)
        return True

    def factor(self, sort: Sort) -> float:
        """Return the factor of one sort; 1 while nothing is known."""
        real, expected = self._took.get(sort, (1.0, 1.0))
        return real / expected

    @property
    def factors(self) -> dict[Sort, float]:
        """Those of all sorts that something is known of."""
        return {sort: self.factor(sort) for sort in self._took}


def sort_of(task: Task) -> Sort:
    """Return what tasks have in common that take equally longer than estimated."""
    return str(task.kind), task.uses or (task.command[0] if task.command else "")


def frontier(plan: Plan, actual: Actual, factors: Mapping[Sort, float], now: float) -> Plan:
    """Return what is left of a plan: what has ended is done, what is under way goes on.

    A task is expected to take as much longer than its estimate as those of its sort did.

    Args:
        plan: The whole.
        actual: Its course.
        factors: How many times longer than estimated each sort takes.
        now: Seconds from its start.
    """
    courses = actual.courses
    done = {task for task, course in courses.items() if course.state in ENDED}
    done |= _hopeless(plan, actual)
    tasks = []
    for task in plan.tasks:
        estimate = task.estimate * factors.get(sort_of(task), 1.0)
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
