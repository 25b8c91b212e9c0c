"""What steps ask the planner, and the hook that answers."""

from __future__ import annotations

from typing import Any

from ciranda.events import Request
from ciranda.hooks import hookspec

__all__ = ["RunPlan", "run_plan"]


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
