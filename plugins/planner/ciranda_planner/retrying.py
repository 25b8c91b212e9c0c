"""How often a plan tries again: a storm of failures is not answered by a storm of attempts."""

from __future__ import annotations

from typing import Final

from .plan import Plan

__all__ = ["retries_of"]

_LEAST: Final = 10


def retries_of(plan: Plan, share: float) -> int:
    """Return how many attempts after the first the tasks of a plan have together.

    That is a share of the tasks, and what is needed whatever the size of the plan: ten, or as many
    as one task asks for, or two for each worker. All of them may be refused at once, then half of
    them, and so on until few enough are left.

    Args:
        plan: Without faults.
        share: Attempts for each task, such as 0.1.
    """
    asked = max((task.retries for task in plan.tasks), default=0)
    return max(_LEAST, 2 * plan.workers, asked) + int(share * len(plan.tasks))
