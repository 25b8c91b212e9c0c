"""Until when a task's work is of use to anybody: deadlines go from a task to what it needs."""

from __future__ import annotations

from collections.abc import Mapping

from .graph import graph_of
from .plan import Plan

__all__ = ["deadlines_of"]


def deadlines_of(plan: Plan) -> Mapping[str, float]:
    """Return the deadline of each task that has one, in seconds from the start of the run.

    It is the task's own or, if that is earlier, the last one of those that need it: when that is
    over, nobody can use what the task gives any more. A task that somebody without a deadline
    needs has but its own, and so have those that stand by for others.
    """
    own = {task.id: task.deadline for task in plan.tasks if task.deadline is not None}
    if not own:
        return own
    graph = graph_of(plan)
    found = [own.get(task.id) for task in graph.tasks]
    for at in reversed(graph.sorted):
        needing = [found[child] for child in graph.children[at]]
        told = [deadline for deadline in needing if deadline is not None]
        if told and len(told) == len(needing):
            found[at] = min(found[at] or max(told), max(told))
    inherited = zip(graph.tasks, found, strict=True)
    return own | {task.id: deadline for task, deadline in inherited if deadline is not None}
