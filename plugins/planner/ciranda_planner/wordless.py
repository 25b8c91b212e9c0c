"""Tasks that are words alone: they can be planned, and nothing does them."""

from __future__ import annotations

from .faults import Fault, FaultKind
from .plan import Plan

__all__ = ["wordless"]


def wordless(plan: Plan, file: str) -> list[Fault]:
    """Return a fault for each task that is words alone: to run it would be to do nothing."""
    return [
        Fault(
            FaultKind.INVALID_WORK,
            task.id,
            f"task `{task.id}`: nothing says what does it: write `uses` or `command`, or an"
            " `estimate` for which it sleeps",
            file,
        )
        for task in plan.tasks
        if task.id in plan.unestimated - plan.already_succeeded
        and task.uses is None
        and task.command is None
        and task.behaviour is None
    ]
