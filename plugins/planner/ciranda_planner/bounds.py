"""What no schedule of a plan can be shorter than."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import final

from .graph import SECOND, Graph, ticks
from .plan import Kind, Plan

__all__ = ["Bounds", "bounds_of"]


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bounds of the makespan, in seconds.

    Attributes:
        critical_path: The heaviest path of needs.
        workers: The work shared by all workers.
        cpu_workers: The work of cpu tasks shared by their workers.
        resources: What the most wanted resource takes.
        rate_limit: What the windows of the rate limit take.
        lower: The largest of the first three, which is the bound that is reported: rounded up
            to the coarsest step in which all times are whole, as no schedule ends between.
        total_work: What one worker would need.
    """

    critical_path: float
    workers: float
    cpu_workers: float
    resources: float
    rate_limit: float
    lower: float
    total_work: float

    @property
    def tightest(self) -> float:
        """The largest of all."""
        return max(self.lower, self.resources, self.rate_limit)


def bounds_of(plan: Plan, graph: Graph, ranks: list[int]) -> Bounds:
    """Return the bounds of a plan."""
    durations = graph.durations
    path = max(ranks, default=0)
    work = sum(durations)
    cpu = sum(
        length for task, length in zip(graph.tasks, durations, strict=True) if task.kind is Kind.CPU
    )
    shared = -(-work // plan.workers)
    cores = -(-cpu // min(plan.cpu_workers or plan.workers, plan.workers))
    step = math.gcd(*durations, ticks(plan.rate_limit.window) if plan.rate_limit else 0) or 1
    lower = -(-max(path, shared, cores) // step) * step
    return Bounds(
        critical_path=path / SECOND,
        workers=work / plan.workers / SECOND,
        cpu_workers=cpu / min(plan.cpu_workers or plan.workers, plan.workers) / SECOND,
        resources=_resources(plan, graph) / SECOND,
        rate_limit=_rate_limit(plan, graph, ranks) / SECOND,
        lower=lower / SECOND,
        total_work=work / SECOND,
    )


def _resources(plan: Plan, graph: Graph) -> int:
    held: Counter[str] = Counter()
    for task, length in zip(graph.tasks, graph.durations, strict=True):
        for name, units in task.resources.items():
            held[name] += units * length
    return max((-(-all_ // plan.resources.get(name, 1)) for name, all_ in held.items()), default=0)


def _rate_limit(plan: Plan, graph: Graph, ranks: list[int]) -> int:
    """The last start is so many whole windows behind the first, and its path follows it."""
    if plan.rate_limit is None:
        return 0
    window = ticks(plan.rate_limit.window)
    heads = graph.heads()
    bound = 0
    for dimension, limit in enumerate(plan.rate_limit.units):
        costly = [
            (at, units)
            for at, task in enumerate(graph.tasks)
            if (units := task.cost.units[dimension])
        ]
        if limit and costly:
            windows = -(-sum(units for _, units in costly) // limit) - 1
            first = min(heads[at] for at, _ in costly)
            tail = min(ranks[at] for at, _ in costly)
            bound = max(bound, first + windows * window + tail)
    return bound
