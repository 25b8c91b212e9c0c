"""A run beside its plan: what was predicted, what happened, and where time was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import msgspec

from .actual import Actual
from .bounds import bounds_of
from .graph import graph_of
from .plan import Kind, Plan
from .schedule import Schedule
from .state import State

__all__ = ["Figures", "Lost", "Report", "report_of"]


@final
@dataclass(frozen=True, slots=True)
class Figures:
    """A schedule in figures, predicted or real; times are seconds.

    Attributes:
        makespan: From the start to the end of the last task.
        work: All tasks one after the other.
        critical_path: The heaviest path of needs, by these durations.
        lower_bound: What no schedule of these durations can be shorter than.
        workers: How many tasks may run at once.
    """

    makespan: float
    work: float
    critical_path: float
    lower_bound: float
    workers: int

    @property
    def speedup(self) -> float:
        """How many times longer one worker would have taken."""
        return self.work / self.makespan if self.makespan else 1.0

    @property
    def efficiency(self) -> float:
        """The share of the workers' time that was work."""
        return self.speedup / self.workers

    @property
    def distance(self) -> float:
        """How far above the bound the makespan lies: 0.02 is two percent."""
        return self.makespan / self.lower_bound - 1 if self.lower_bound else 0.0

    def plain(self) -> dict[str, float]:
        """Return it as the command line tells it."""
        return {
            "makespan_ms": _ms(self.makespan),
            "total_work_ms": _ms(self.work),
            "critical_path_ms": _ms(self.critical_path),
            "lower_bound_ms": _ms(self.lower_bound),
            "speedup": round(self.speedup, 3),
            "efficiency": round(self.efficiency, 4),
            "distance_to_bound": round(self.distance, 4),
        }


@final
@dataclass(slots=True)
class Lost:
    """What a task waited for, in seconds.

    Attributes:
        dependencies: Until the last of its needs had succeeded.
        workers: While all workers, or all cores, had something else to do.
        resources: While another task held what it needs.
        limit: For the rate limit.
        retries: Between its attempts, and for those that failed.
        engine: What remains between being ready and beginning.
    """

    dependencies: float = 0.0
    workers: float = 0.0
    resources: float = 0.0
    limit: float = 0.0
    retries: float = 0.0
    engine: float = 0.0

    def plain(self) -> dict[str, float]:
        """Return it as the command line tells it."""
        return {
            "dependencies_ms": _ms(self.dependencies),
            "workers_ms": _ms(self.workers),
            "resources_ms": _ms(self.resources),
            "limit_ms": _ms(self.limit),
            "retries_ms": _ms(self.retries),
            "engine_ms": _ms(self.engine),
        }


@final
@dataclass(frozen=True, slots=True)
class Report:
    """Prediction and reality of one run.

    Attributes:
        predicted: By the schedule.
        actual: By the clock.
        lost: What each task that ran waited for.
        chain: The tasks that the end of the run waited for, each because of the one before.
        on_chain: What these waited for, which together with the last one's work is the makespan:
            for dependencies means while those before it in the chain worked.
    """

    predicted: Figures
    actual: Figures
    lost: Mapping[str, Lost] = field(default_factory=dict)
    chain: tuple[str, ...] = ()
    on_chain: Lost = field(default_factory=Lost)

    @property
    def total(self) -> Lost:
        """What all tasks waited for together."""
        return _sum(self.lost.values())

    @property
    def error(self) -> float:
        """How far the run was from its prediction: 0.1 is a tenth longer."""
        return (
            self.actual.makespan / self.predicted.makespan - 1 if self.predicted.makespan else 0.0
        )

    def plain(self) -> dict[str, Any]:
        """Return it as the command line tells it."""
        return {
            "predicted": self.predicted.plain(),
            "actual": self.actual.plain(),
            "prediction_error": round(self.error, 4),
            "lost": self.total.plain(),
            "chain": {"tasks": list(self.chain), **self.on_chain.plain()},
        }


def report_of(plan: Plan, schedule: Schedule, actual: Actual) -> Report:
    """Return the run of a plan beside its prediction."""
    predicted = Figures(
        makespan=schedule.makespan,
        work=schedule.total_work,
        critical_path=schedule.bounds.critical_path,
        lower_bound=schedule.bounds.tightest,
        workers=plan.workers,
    )
    ran = {task: each for task, each in actual.courses.items() if each.ended is not None}
    took = {task: each.work for task, each in ran.items()}
    path = _critical_path(plan, took)
    figures = Figures(
        makespan=actual.makespan,
        work=sum(took.values()),
        critical_path=path,
        lower_bound=max(path, _bound(plan, took)),
        workers=plan.workers,
    )
    lost, chain = _lost(plan, actual), _chain(plan, actual)
    on_chain = _sum(lost[task] for task in chain)
    on_chain.dependencies = sum(took[task] for task in chain[:-1])
    return Report(predicted, figures, lost, chain, on_chain)


def _bound(plan: Plan, took: Mapping[str, float]) -> float:
    """Return what no schedule of tasks that take so long can be shorter than."""
    tasks = tuple(
        msgspec.structs.replace(task, estimate=took[task.id])
        for task in plan.tasks
        if task.id in took
    )
    known = replace(plan, tasks=tasks)
    graph = graph_of(known)
    return bounds_of(known, graph, graph.ranks()).tightest


def _critical_path(plan: Plan, took: Mapping[str, float]) -> float:
    """Return the heaviest path of needs by what tasks really took."""
    needs = _waited_for(plan)
    ends: dict[str, float] = {}
    for first in needs:
        stack = [first]
        while stack:
            task = stack[-1]
            missing = [need for need in needs.get(task, ()) if need not in ends]
            if task not in ends and missing:
                stack += missing
                continue
            stack.pop()
            before = max((ends[need] for need in needs.get(task, ())), default=0.0)
            ends[task] = before + took.get(task, 0.0)
    return max(ends.values(), default=0.0)


def _lost(plan: Plan, actual: Actual) -> dict[str, Lost]:
    found: dict[str, Lost] = {}
    needs = _waited_for(plan)
    for task in plan.tasks:
        course = actual.courses[task.id]
        if not course.spans:
            continue
        ready = _ready(needs[task.id], actual)
        start, last = course.spans[0][0], course.spans[-1][0]
        told = {cause: course.waited.get(cause, 0.0) for cause in ("workers", "resources", "limit")}
        if task.kind is Kind.CPU and not task.resources:
            # To the engine the cores are a resource; to a plan they are workers.
            told["workers"] += told.pop("resources")
        found[task.id] = Lost(
            dependencies=ready,
            **told,
            retries=max(0.0, last - start),
            engine=max(0.0, last - ready - max(0.0, last - start) - sum(told.values())),
        )
    return found


def _waited_for(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return what each task waited for; who stands by for another waits for that one to fail."""
    needs = {task.id: task.needs for task in plan.tasks}
    for task in plan.tasks:
        if task.contingency in needs:
            needs[task.contingency] = (*needs[task.contingency], task.id)
    return needs


def _ready(needs: Iterable[str], actual: Actual) -> float:
    return max((actual.courses[need].ended or 0.0 for need in needs), default=0.0)


def _chain(plan: Plan, actual: Actual) -> tuple[str, ...]:
    """Return the tasks from the first to the last that the end of the run waited for."""
    needs = _waited_for(plan)
    ended = {
        task: each.ended
        for task, each in actual.courses.items()
        if each.ended is not None and each.state is not State.SKIPPED
    }
    at = max(ended, key=lambda task: ended[task], default=None)
    chain: list[str] = []
    while at is not None:
        chain.append(at)
        known = [need for need in needs.get(at, ()) if need in ended]
        at = max(known, key=lambda task: ended[task], default=None)
    return tuple(reversed(chain))


def _sum(each: Iterable[Lost]) -> Lost:
    total = Lost()
    for one in each:
        for name in ("dependencies", "workers", "resources", "limit", "retries", "engine"):
            setattr(total, name, getattr(total, name) + getattr(one, name))
    return total


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
