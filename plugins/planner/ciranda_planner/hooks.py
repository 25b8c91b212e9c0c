"""What the planner tells of plans inside of other runs, what its steps ask it, and the hooks."""

from __future__ import annotations

from typing import Any

from ciranda.events import PlanBegan, PlanEnded, Request
from ciranda.hooks import hookspec

__all__ = ["PlanBegan", "PlanEnded", "RunPlan", "plan_began", "plan_ended", "run_plan"]


class RunPlan(Request[dict[str, Any]], frozen=True, kw_only=True):
    """Run this plan as a part of a step. `plan` is a `Plan`, `context` that of the step."""

    plan: Any
    context: Any
    file: str = ""
    waves: bool = False


@hookspec
def run_plan(request: RunPlan) -> dict[str, Any] | None:
    """Run a plan for a step.

    Fires once for each attempt of a step that runs a plan. The plugin `planner` answers it; a
    plugin that comes before it may do so in its place, as one that runs tasks elsewhere does.

    Args:
        request: The plan and the step.

    Returns:
        What `ciranda planner run -o json` tells, and the `results` of its tasks by id. None leaves
        it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def run_plan(request):
            return await cluster.run(request.plan)
        ```
    """


@hookspec
def plan_began(event: PlanBegan) -> None:
    """Hear that a step began a plan.

    Fires once for each attempt, before the first task.

    Args:
        event: Which plan it is, and in which run its tasks are.

    Example:
        ```python
        @hookimpl
        def plan_began(event):
            show(event.plan_run)
        ```
    """


@hookspec
def plan_ended(event: PlanEnded) -> None:
    """Hear how a plan ended that a step began.

    Fires once for each attempt that was not cancelled, after the last task.

    Args:
        event: How it and its tasks ended.

    Example:
        ```python
        @hookimpl
        def plan_ended(event):
            print(event.plan_run, event.state)
        ```
    """
