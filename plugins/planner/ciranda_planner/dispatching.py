"""The run of a plan, played in no time: exactly as the engine would dispatch it.

A ready task starts at once when a worker is free, all it holds is free and the rate limit has
room; of several the first in the order. One that lacks something holds nothing, and those behind
it that lack nothing go first; only the limiter is never overtaken. Times are ticks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import final

from .graph import Graph, ticks
from .plan import Kind, Plan
from .schedule import Cause

__all__ = ["Outcome", "Problem", "play", "play_out", "problem_of"]

Demand = tuple[int, int]  # a resource's number, and units of it
Units = tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """A plan by numbers.

    Attributes:
        graph: The tasks.
        ranks: Their upward ranks.
        workers: Tasks at once.
        cpu: For each task whether it takes a cpu worker too, which are counted.
        cpu_workers: Such tasks at once.
        demands: For each task what it holds while it runs.
        capacities: Units of each resource.
        costs: For each task what it takes of the limited dimensions; () is nothing.
        limits: Units in a window, for each limited dimension.
        window: Ticks.
    """

    graph: Graph
    ranks: list[int]
    workers: int
    cpu: list[bool]
    cpu_workers: int
    demands: list[tuple[Demand, ...]]
    capacities: list[int]
    costs: list[Units]
    limits: Units
    window: int

    @property
    def plain(self) -> bool:
        """Whether workers and needs are all that limits it."""
        return not (any(self.demands) or any(self.costs))


@final
@dataclass(slots=True)
class Outcome:
    """When each task started, the end of the last, and what held back those that waited."""

    starts: list[int]
    makespan: int
    causes: dict[int, Cause] = field(default_factory=dict)


def problem_of(plan: Plan, graph: Graph, ranks: list[int]) -> Problem:
    """Return a plan by numbers."""
    names = sorted({name for task in graph.tasks for name in task.resources})
    number = {name: at for at, name in enumerate(names)}
    limit = plan.rate_limit
    limited = [at for at, units in enumerate(limit.units if limit else ()) if units is not None]
    counted = plan.cpu_workers is not None and plan.cpu_workers < plan.workers
    costs = [tuple([task.cost.units[at] for at in limited]) for task in graph.tasks]
    return Problem(
        graph=graph,
        ranks=ranks,
        workers=plan.workers,
        cpu=[counted and task.kind is Kind.CPU for task in graph.tasks],
        cpu_workers=plan.cpu_workers or plan.workers,
        demands=[
            tuple([(number[name], units) for name, units in sorted(task.resources.items())])
            for task in graph.tasks
        ],
        capacities=[plan.resources.get(name, 1) for name in names],
        costs=[units if any(units) else () for units in costs],
        limits=tuple([limit.units[at] or 0 for at in limited] if limit else ()),
        window=ticks(limit.window) if limit else 0,
    )


def play(problem: Problem, order: Sequence[int], below: int | None = None) -> Outcome | None:
    """Return the run in which ready tasks go in this order.

    Args:
        problem: The plan.
        order: The numbers of all tasks, the most urgent first.
        below: Give up, and return None, once the run cannot end before this tick.
    """
    if problem.plain:
        return _play_plain(problem, order, below)
    return _Play(problem, order).run(below)


def play_out(problem: Problem, order: Sequence[int]) -> Outcome:
    """Return the run in which ready tasks go in this order, with what held each back.

    Raises:
        ValueError: A task can never start, so the plan was not checked.
    """
    outcome = _Play(problem, order).run(None)
    if outcome is None or -1 in outcome.starts:
        raise ValueError("a task of the plan can never start")
    return outcome


def _play_plain(  # noqa: PLR0912 - calls would take longer than what they do
    problem: Problem, order: Sequence[int], below: int | None
) -> Outcome | None:
    """The same with nothing but workers to wait for, which most plans are, ten times faster."""
    ranks, durations, children = problem.ranks, problem.graph.durations, problem.graph.children
    count, workers, cpu, cpu_left = len(order), problem.workers, problem.cpu, problem.cpu_workers
    place = [0] * count
    for at, task in enumerate(order):
        place[task] = at
    waiting = [len(needs) for needs in problem.graph.needs]
    ready: list[int] = []
    ready_cpu: list[int] = []
    for at, task in enumerate(order):  # sorted, so these are heaps
        if not waiting[task]:
            (ready_cpu if cpu[task] else ready).append(at)
    running: list[int] = []  # end * count + task: whole numbers are compared fastest
    starts = [0] * count
    now = 0
    left = sum(durations)
    latest = left + 1 if below is None else below
    while ready or ready_cpu or running:
        while len(running) < workers:
            if ready_cpu and cpu_left and (not ready or ready_cpu[0] < ready[0]):
                task = order[heappop(ready_cpu)]
                cpu_left -= 1
            elif ready:
                task = order[heappop(ready)]
            else:
                break
            if now + ranks[task] >= latest:
                return None
            starts[task] = now
            left -= durations[task]
            heappush(running, (now + durations[task]) * count + task)
        else:
            if now * workers + left >= latest * workers:
                return None
        now, task = divmod(heappop(running), count)
        instant = (now + 1) * count
        while True:
            cpu_left += cpu[task]
            for child in children[task]:
                waiting[child] -= 1
                if not waiting[child]:
                    heappush(ready_cpu if cpu[child] else ready, place[child])
            if not running or running[0] >= instant:
                break
            task = heappop(running) % count
    return Outcome(starts, now)


@final
class _Play:
    """One run under all limits."""

    __slots__ = (
        "closed", "cpu_left", "free", "granted", "now", "order", "outcome", "parked", "place",
        "problem", "ready", "running", "used", "waiting", "wake",
    )  # fmt: skip

    def __init__(self, problem: Problem, order: Sequence[int]) -> None:
        count = len(order)
        self.problem = problem
        self.order = order
        self.place = [0] * count
        for at, task in enumerate(order):
            self.place[task] = at
        self.waiting = [len(needs) for needs in problem.graph.needs]
        self.ready = [self.place[task] for task in range(count) if not self.waiting[task]]
        heapify(self.ready)
        self.running: list[tuple[int, int]] = []
        self.outcome = Outcome([-1] * count, 0)
        self.now = 0
        self.cpu_left = problem.cpu_workers
        self.free = list(problem.capacities)
        self.used = [0] * len(problem.limits)
        self.granted: deque[tuple[int, Units]] = deque()
        # Places of tasks that lack something, by what they lack: a cpu worker, the limiter, or
        # so many units of a resource. Those behind the first of each need not be looked at.
        self.parked: dict[Cause | Demand, list[int]] = {Cause.CPU_WORKERS: [], Cause.RATE_LIMIT: []}
        self.closed = False  # whether one waits for the limiter, so that none may pass it
        self.wake = 0

    def run(self, below: int | None) -> Outcome | None:
        ranks, workers = self.problem.ranks, self.problem.workers
        while True:
            self.closed = False
            while len(self.running) < workers:
                heap = self.next()
                if heap is None:
                    break
                task = self.order[heappop(heap)]
                if below is not None and self.now + ranks[task] >= below:
                    return None
                lack = self.lack(task)
                if lack is None:
                    self.start(task)
                else:
                    self.park(task, lack)
            if not self.running and not self.closed:
                self.outcome.makespan = self.now
                return self.outcome
            self.advance()

    def next(self) -> list[int] | None:
        """Return the heap on top of which the next candidate is."""
        best = self.ready or None
        for lack, heap in self.parked.items():
            if heap and (best is None or heap[0] < best[0]) and self.may_go(lack):
                best = heap
        return best

    def may_go(self, lack: Cause | Demand) -> bool:
        """Whether what was lacking may be there now."""
        if lack is Cause.CPU_WORKERS:
            return self.cpu_left > 0
        if lack is Cause.RATE_LIMIT:
            return not self.closed
        return isinstance(lack, tuple) and self.free[lack[0]] >= lack[1]

    def lack(self, task: int) -> Cause | Demand | None:
        """Return what a task cannot start without, the limiter last."""
        if self.problem.cpu[task] and not self.cpu_left:
            return Cause.CPU_WORKERS
        for demand in self.problem.demands[task]:
            if self.free[demand[0]] < demand[1]:
                return demand
        costs = self.problem.costs[task]
        if not costs:
            return None
        if self.closed:
            return Cause.RATE_LIMIT
        self.wake = self.earliest(costs)
        self.closed = self.wake > self.now
        return Cause.RATE_LIMIT if self.closed else None

    def earliest(self, costs: Units) -> int:
        """Return when the window has room."""
        granted, limits = self.granted, self.problem.limits
        while granted and granted[0][0] + self.problem.window <= self.now:
            for at, freed in enumerate(granted.popleft()[1]):
                self.used[at] -= freed
        over = [self.used[at] + costs[at] - limit for at, limit in enumerate(limits)]
        when = self.now
        for start, units in granted:
            if max(over) <= 0:
                break
            over = [more - less for more, less in zip(over, units, strict=True)]
            when = start + self.problem.window
        return when

    def start(self, task: int) -> None:
        problem = self.problem
        self.outcome.starts[task] = self.now
        heappush(self.running, (self.now + problem.graph.durations[task], task))
        self.cpu_left -= problem.cpu[task]
        for resource, units in problem.demands[task]:
            self.free[resource] -= units
        costs = problem.costs[task]
        if costs:
            self.granted.append((self.now, costs))
            for at, units in enumerate(costs):
                self.used[at] += units

    def park(self, task: int, lack: Cause | Demand) -> None:
        self.outcome.causes[task] = lack if isinstance(lack, Cause) else Cause.RESOURCES
        heappush(self.parked.setdefault(lack, []), self.place[task])

    def advance(self) -> None:
        """Go on to the next instant at which a task ends or the limiter may have room."""
        problem = self.problem
        if self.closed and (not self.running or self.wake < self.running[0][0]):
            self.now = self.wake
            return
        self.now = self.running[0][0]
        while self.running and self.running[0][0] == self.now:
            task = heappop(self.running)[1]
            self.cpu_left += problem.cpu[task]
            for resource, units in problem.demands[task]:
                self.free[resource] += units
            for child in problem.graph.children[task]:
                self.waiting[child] -= 1
                if not self.waiting[child]:
                    heappush(self.ready, self.place[child])
