"""The order of dispatch whose run is shortest, of those that can be tried in a moment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from .bounds import Bounds, bounds_of
from .dispatching import Outcome, Problem, play, play_out, problem_of
from .graph import SECOND, graph_of
from .plan import Plan
from .schedule import Cause, Schedule, Wait

__all__ = ["Found", "best_order", "scheduled", "search", "tries_for"]

_EFFORT: Final = 30_000  # tasks played in all, which takes some 30 ms
_LIMITED: Final = 8  # times longer takes a task where resources or a rate are limited
_MOST: Final = 1000
_AMPLITUDES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)  # of the longest rank


@final
@dataclass(frozen=True, slots=True)
class Found:
    """The best order, the run that it gives, and how many were tried."""

    order: tuple[int, ...]
    outcome: Outcome
    examined: int


def search(plan: Plan, *, tries: int | None = None, seed: int = 0) -> Schedule:
    """Return the schedule of a plan: what would run when.

    Args:
        plan: Without a fault.
        tries: How many orders to play, 1 for the one by upward rank alone; by default as many as
            take a moment.
        seed: Equal plans and seeds give equal schedules, on every machine.
    """
    graph = graph_of(plan)
    ranks = graph.ranks()
    bounds = bounds_of(plan, graph, ranks)
    problem = problem_of(plan, graph, ranks)
    found = best_order(problem, bounds.tightest, tries=tries, seed=seed)
    return _schedule(problem, bounds, found)


def scheduled(plan: Plan, order: Sequence[str]) -> Schedule:
    """Return the schedule of a plan whose order is known.

    Raises:
        ValueError: It is not the order of this plan's tasks.
    """
    graph = graph_of(plan)
    ranks = graph.ranks()
    problem = problem_of(plan, graph, ranks)
    number = {task.id: at for at, task in enumerate(graph.tasks)}
    places = tuple([number[task] for task in order if task in number])
    if len(places) != len(number):
        raise ValueError("the order is that of another plan")
    outcome = play(problem, places)
    if outcome is None:
        raise ValueError("a task of the plan can never start")
    return _schedule(problem, bounds_of(plan, graph, ranks), Found(places, outcome, 1))


def _schedule(problem: Problem, bounds: Bounds, found: Found) -> Schedule:
    graph, ranks, outcome = problem.graph, problem.ranks, found.outcome
    # Of plans that only workers limit there is but one cause, which need not be played out.
    causes = {} if problem.plain and not any(problem.cpu) else play_out(problem, found.order).causes
    tasks, durations, starts = graph.tasks, graph.durations, outcome.starts
    ends = [start + length for start, length in zip(starts, durations, strict=True)]
    waits = {}
    for at, needs in enumerate(graph.needs):
        waited = starts[at] - max([ends[need] for need in needs], default=0)
        if waited:
            waits[tasks[at].id] = Wait(waited / SECOND, causes.get(at, Cause.WORKERS))
    return Schedule(
        order=tuple([tasks[at].id for at in found.order]),
        starts={task.id: start / SECOND for task, start in zip(tasks, starts, strict=True)},
        ends={task.id: end / SECOND for task, end in zip(tasks, ends, strict=True)},
        makespan=outcome.makespan / SECOND,
        levels=graph.levels(),
        critical_path=graph.critical_path(ranks),
        bounds=bounds,
        waits=waits,
        examined=found.examined,
    )


def tries_for(problem: Problem) -> int:
    """Return how many orders are tried: 300 of a hundred tasks, fewer of more."""
    effort = len(problem.ranks) * (1 if problem.plain else _LIMITED)
    return min(max(_EFFORT // max(effort, 1), 1), _MOST)


def best_order(problem: Problem, bound: float, *, tries: int | None = None, seed: int = 0) -> Found:
    """Return the best order of the upward ranks' and its seeded perturbations.

    Args:
        problem: The plan.
        bound: Seconds that no run can be shorter than: one that reaches it ends the search.
        tries: How many orders to play; by default as many as take a moment.
        seed: Equal seeds give equal orders, on every machine.
    """
    search = _Search(problem, round(bound * SECOND), tries or tries_for(problem), seed)
    return search.run()


@final
class _Search:
    """One search; of equally good orders the last is kept, so that it moves on a plateau."""

    def __init__(self, problem: Problem, bound: int, tries: int, seed: int) -> None:
        self.problem = problem
        self.bound = bound
        self.tries = tries
        self.random = random.Random(seed).random  # the one method that never changes
        self.examined = 1
        self.ranks = _all_ranks(problem)
        self.reach = 8 * problem.workers + 4  # tasks further apart seldom compete
        ranks, tasks = problem.ranks, problem.graph.tasks
        self.order: Sequence[int] = sorted(
            range(len(ranks)), key=lambda task: (-ranks[task], -tasks[task].priority, task)
        )
        outcome = play(problem, self.order)
        if outcome is None:
            raise ValueError("a task of the plan can never start")
        self.best = outcome

    def run(self) -> Found:
        if not any(self.problem.graph.needs) and not self.over:
            self.attempt(_packed(self.problem))
        self.justify()
        turn = 0
        while not self.over:
            turn += 1
            if self.attempt(self.moved() if turn % 2 else self.shaken(turn)):
                self.justify()
        return Found(tuple(self.order), self.best, self.examined)

    @property
    def over(self) -> bool:
        """Whether nothing better is to be had, or no more may be tried."""
        return self.best.makespan <= self.bound or self.examined >= self.tries

    def attempt(self, order: Sequence[int]) -> bool:
        """Play an order, keep it unless it is worse, and say whether it is better."""
        self.examined += 1
        outcome = play(self.problem, order, self.best.makespan + 1)
        if outcome is None:
            return False
        better = outcome.makespan < self.best.makespan
        self.order, self.best = order, outcome
        return better

    def moved(self) -> list[int]:
        """Return the tasks as the best run starts them, with one to three moved a little."""
        starts = self.best.starts
        order = sorted(self.order, key=starts.__getitem__)
        count = len(order)
        for _ in range(1 + int(self.random() * 3)):
            at = int(self.random() * count)
            by = int((self.random() - 0.5) * self.reach)
            order.insert(min(max(at + by, 0), count - 1), order.pop(at))
        return order

    def shaken(self, turn: int) -> list[int]:
        """Return an order by ranks that are a little wrong, those of cpu tasks alike."""
        ranks = self.ranks[turn // 2 % len(self.ranks)]
        most = max(ranks) * _AMPLITUDES[turn // 4 % len(_AMPLITUDES)]
        lean = (self.random() - 0.5) * most
        keys = [
            (self.random() - 0.5) * most - rank - (lean if cpu else 0)
            for rank, cpu in zip(ranks, self.problem.cpu, strict=True)
        ]
        return sorted(range(len(keys)), key=keys.__getitem__)

    def justify(self) -> None:
        """Play the best run backwards from its end, then forwards again, while that helps.

        Each pass moves tasks into gaps that the one before could not see.
        """
        if self.over or not any(self.problem.graph.needs):
            return
        backwards = _reversed(self.problem)
        durations, ranks = self.problem.graph.durations, self.problem.ranks
        helped = True
        while helped and not self.over:
            starts = self.best.starts
            order = sorted(
                range(len(ranks)),
                key=lambda task: (-starts[task] - durations[task], -backwards.ranks[task], task),
            )
            outcome = play(backwards, order)
            self.examined += 1
            if outcome is None:
                return
            ends = [start + length for start, length in zip(outcome.starts, durations, strict=True)]
            helped = self.attempt(
                sorted(range(len(ranks)), key=lambda task: (-ends[task], -ranks[task], task))
            )


def _all_ranks(problem: Problem) -> list[list[int]]:
    """Return the upward ranks, and those in which what is scarcer counts for more."""
    graph, scarce = problem.graph, problem.workers / problem.cpu_workers
    found = [problem.ranks]
    if any(problem.cpu):
        for weight in (scarce, scarce * scarce):
            durations = tuple(
                [
                    int(length * weight) if cpu else length
                    for length, cpu in zip(graph.durations, problem.cpu, strict=True)
                ]
            )
            found.append(replace(graph, durations=durations).ranks())
    return found


def _reversed(problem: Problem) -> Problem:
    graph = problem.graph
    turned = replace(
        graph, needs=graph.children, children=graph.needs, sorted=tuple(reversed(graph.sorted))
    )
    return replace(problem, graph=turned, ranks=turned.ranks())


def _packed(problem: Problem) -> list[int]:
    """Return the order of independent tasks packed into the narrowest workers (MULTIFIT).

    The longest first is up to a third too long for them.
    """
    lengths = problem.graph.durations
    longest = sorted(range(len(lengths)), key=lambda task: -lengths[task])
    low = max(*lengths, -(-sum(lengths) // problem.workers))
    high = 2 * low
    starts = _fitted(longest, lengths, problem.workers, high) or [0] * len(lengths)
    while low < high and high - low > high >> 12:
        middle = (low + high) // 2 if low < high else low
        fitted = _fitted(longest, lengths, problem.workers, middle)
        if fitted is None:
            low = middle + 1
        else:
            starts, high = fitted, middle
    return sorted(longest, key=lambda task: (starts[task], -lengths[task]))


def _fitted(order: list[int], lengths: Sequence[int], workers: int, most: int) -> list[int] | None:
    """Return the starts of tasks put one by one into the first worker that has room."""
    loads = [0] * min(workers, len(order))
    starts = [0] * len(order)
    for task in order:
        for worker, load in enumerate(loads):
            if load + lengths[task] <= most:
                starts[task] = load
                loads[worker] += lengths[task]
                break
        else:
            return None
    return starts
