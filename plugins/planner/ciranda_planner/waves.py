"""Strict barriers between the levels of a plan, for people who want them."""

from __future__ import annotations

import itertools
from dataclasses import replace

from msgspec.structs import replace as with_fields

from .graph import graph_of
from .plan import Plan, Task

__all__ = ["with_barriers"]


def with_barriers(plan: Plan) -> tuple[Plan, frozenset[str]]:
    """Return the plan with a task between each two levels, and the ids of these tasks.

    Such a task needs the whole level before it, and the level after needs nothing else besides.
    It ends whatever became of its needs: a failure skips those that need it, not the next wave.
    """
    levels = graph_of(plan).levels()
    taken = {task.id for task in plan.tasks}
    before: dict[str, str] = {}
    barriers: list[Task] = []
    for at, (level, following) in enumerate(itertools.pairwise(levels), start=1):
        name = f"end_of_wave_{at}"
        while name in taken:
            name += "_"
        taken.add(name)
        barriers.append(Task(name, title=f"The end of wave {at}", needs=level))
        before |= dict.fromkeys(following, name)
    tasks = tuple(
        with_fields(task, needs=(*task.needs, before[task.id])) if task.id in before else task
        for task in plan.tasks
    )
    names = frozenset(task.id for task in barriers)
    return replace(plan, tasks=(*tasks, *barriers)), names
