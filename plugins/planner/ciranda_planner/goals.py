"""The plugin's answer to `PlanGoal`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from ciranda import hookimpl
from ciranda.bus import Bus
from ciranda.events.planning import GoalFault, GoalPlan, PlanGoal

from .faults import PlanError

if TYPE_CHECKING:
    from .decomposing import GoalPlanner

__all__ = ["Goals"]


@final
class Goals:
    """Answers `PlanGoal` with the decomposers of all plugins in use.

    Args:
        bus: Where plugins come and go, and with them their decomposers.
        root: The project's folder, where file patterns look unless a request says otherwise.
    """

    def __init__(self, bus: Bus, root: Path) -> None:
        self._bus: Final = bus
        self._root: Final = root
        self._planner: GoalPlanner | None = None
        self._revision = -1

    @property
    def planner(self) -> GoalPlanner:
        """The planner with the decomposers that are there now.

        Raises:
            PluginError: A plugin offers something that is no decomposer.
        """
        from .decomposing import GoalPlanner  # rules and their patterns: only for who asks
        from .decomposing.offered import offered

        if self._planner is None or self._revision != self._bus.revision:
            self._planner = GoalPlanner(offered(self._bus))
            self._revision = self._bus.revision
        return self._planner

    @hookimpl(trylast=True)
    async def plan_goal(self, request: PlanGoal) -> GoalPlan:
        """Make a plan of a goal."""
        from .decomposing import Goal

        goal = Goal(
            text=request.goal,
            folder=self._root / request.base / request.folder,
            prefix=request.folder.rstrip("/"),
            defaults=request.defaults,
            context=request.context,
        )
        fields = {**request.plan, **({"name": request.name} if request.name else {})}
        try:
            made = await self.planner.plan(
                goal,
                decomposer=request.decomposer,
                fields=fields,
                executable=request.executable,
            )
        except PlanError as error:
            faults = tuple(
                GoalFault(
                    kind=fault.kind.value,
                    message=fault.message,
                    task=fault.task,
                    line=fault.line,
                    column=fault.column,
                )
                for fault in error.faults
            )
            return GoalPlan(faults=faults)
        return GoalPlan(
            plan=made.document,
            decomposer=made.decomposer,
            warnings=made.warnings,
            wordless=made.wordless,
        )
