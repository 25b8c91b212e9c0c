"""The plans of one engine: a workflow that runs again is not compiled again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final, final
from weakref import WeakKeyDictionary

import msgspec

from ciranda.runs.graph import Graph, build_graph
from ciranda.runs.plan import Plan
from ciranda.workflow.check import Checked

__all__ = ["Plans"]


@final
class Plans:
    """Keeps the plan of each checked workflow for as long as somebody holds the workflow."""

    def __init__(self) -> None:
        self._kept: Final[WeakKeyDictionary[Checked, _Kept]] = WeakKeyDictionary()

    def plan(
        self,
        checked: Checked,
        basis: Hashable,
        history: Mapping[str, float],
        widths: Callable[[], Mapping[str, int]],
        steps: Callable[[Graph], Plan],
    ) -> Plan:
        """Return the plan of a workflow, compiled where it has to be.

        Args:
            checked: The workflow.
            basis: What its steps are compiled from besides; another one compiles them anew.
            history: Seconds that its steps took before; others only make another graph.
            widths: Returns how many items of each map run at once.
            steps: Compiles the plan for a graph.
        """
        kept = self._kept.get(checked)
        fresh = kept is None or kept.basis != basis
        if kept is not None and not fresh and kept.history == history:
            return kept.plan
        graph = build_graph(
            checked.workflow.steps,
            checked.edges,
            checked.lifts,
            durations=history,
            widths=widths(),
            inner=checked.inner,
            handlers=checked.workflow.handlers,
            fail_fast=checked.workflow.fail_fast,
            file=checked.workflow.file,
        )
        plan = (
            steps(graph)
            if fresh or kept is None
            else msgspec.structs.replace(kept.plan, graph=graph)
        )
        self._kept[checked] = _Kept(basis, history, plan)
        return plan


@final
class _Kept:
    __slots__ = ("basis", "history", "plan")

    def __init__(self, basis: Hashable, history: Mapping[str, float], plan: Plan) -> None:
        self.basis: Final = basis
        self.history: Final = history
        self.plan: Final = plan
