"""Which task waits for which, by number: levels, upward ranks and the critical path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from .plan import Plan, Task

__all__ = ["SECOND", "Graph", "graph_of", "ticks"]

SECOND: Final = 1_000_000  # ticks: whole numbers, so that equal instants are equal


def ticks(seconds: float) -> int:
    """Return the whole microseconds nearest to these seconds."""
    return round(seconds * SECOND)


@final
@dataclass(frozen=True, slots=True)
class Graph:
    """The tasks of a run by number, in the order of the file.

    Attributes:
        tasks: The tasks that run if all goes well.
        needs: For each task the numbers of those that it waits for.
        children: For each task the numbers of those that wait for it.
        sorted: All numbers, each behind those that it waits for.
        durations: The estimates in ticks.
    """

    tasks: tuple[Task, ...]
    needs: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]
    sorted: tuple[int, ...]
    durations: tuple[int, ...]

    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Return the ids by the longest path of needs before them, sorted by code point."""
        level = [0] * len(self.tasks)
        for task in self.sorted:
            behind = level[task] + 1
            for child in self.children[task]:
                level[child] = max(level[child], behind)
        rows: list[list[str]] = [[] for _ in range(max(level, default=-1) + 1)]
        for each, row in zip(self.tasks, level, strict=True):
            rows[row].append(each.id)
        return tuple(tuple(sorted(row)) for row in rows)

    def ranks(self) -> list[int]:
        """Return for each task the ticks from its start to the end of the heaviest path."""
        ranks = list(self.durations)
        for task in reversed(self.sorted):
            children = self.children[task]
            if children:
                ranks[task] += max([ranks[child] for child in children])
        return ranks

    def heads(self) -> list[int]:
        """Return for each task the ticks before which its needs cannot have ended."""
        heads = [0] * len(self.tasks)
        for task in self.sorted:
            end = heads[task] + self.durations[task]
            for child in self.children[task]:
                heads[child] = max(heads[child], end)
        return heads

    def critical_path(self, ranks: Sequence[int]) -> tuple[str, ...]:
        """Return the ids on the heaviest path; of several the first in the file."""
        path = []
        at = max(range(len(ranks)), key=lambda task: ranks[task], default=-1)
        while at >= 0:
            path.append(self.tasks[at].id)
            at = max(self.children[at], key=lambda task: ranks[task], default=-1)
        return tuple(path)


def graph_of(plan: Plan) -> Graph:
    """Return the graph of the tasks that run if all goes well.

    Raises:
        ValueError: They wait for each other; `read_plan` never returns such a plan.
    """
    tasks = plan.expected
    number = {task.id: at for at, task in enumerate(tasks)}
    needs = []
    children: list[list[int]] = [[] for _ in tasks]
    for at, task in enumerate(tasks):
        known = tuple([number[need] for need in task.needs if need in number])
        needs.append(known)
        for need in known:
            children[need].append(at)
    waiting = [len(each) for each in needs]
    order = [at for at, count in enumerate(waiting) if not count]
    for at in order:  # which grows as it is walked
        for child in children[at]:
            waiting[child] -= 1
            if not waiting[child]:
                order.append(child)
    if len(order) != len(tasks):
        raise ValueError("the tasks wait for each other")
    return Graph(
        tasks=tasks,
        needs=tuple(needs),
        children=tuple(map(tuple, children)),
        sorted=tuple(order),
        durations=tuple([ticks(task.estimate) for task in tasks]),
    )
