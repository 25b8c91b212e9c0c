"""A workflow compiled for running: expressions, onions and paths, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ciranda.actions import Action
from ciranda.expressions import Expression
from ciranda.layer import Next
from ciranda.runs.graph import Graph
from ciranda.runs.scheduler import split_path
from ciranda.workflow.binding import Binding
from ciranda.workflow.model import Step, Workflow

__all__ = ["Plan", "PlannedStep"]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with everything that can be prepared before the run.

    Attributes:
        step: As the file says it.
        action: What it calls.
        call: The action inside its middleware.
        inputs: `with`, ready to be evaluated.
        condition: `if`.
        when: `when`, for each item of a map.
        items: The list of a map.
        local: Whether its expressions read names that differ from attempt to attempt.
        decides: Whether it has a condition or a list, so that it may come to no attempt.
        repeatable: Whether doing the work twice is harmless.
        env: The environment variables that the file gives to the step.
        finish: Turns evaluated inputs into those of the action (relative paths).
    """

    step: Step
    action: Action
    call: Next
    inputs: Binding
    condition: Expression | None = None
    when: Expression | None = None
    items: Callable[[Mapping[str, Any]], Any] | None = None
    local: bool = False
    decides: bool = False
    repeatable: bool = False
    env: Callable[[Mapping[str, Any]], dict[str, str]] | None = None
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled workflow."""

    workflow: Workflow
    graph: Graph
    steps: tuple[PlannedStep, ...]
    outputs: Binding | None = None
    outputs_guarded: bool = False  # they speak of status, so a failed run has outputs too
    versions: dict[str, str] = field(default_factory=dict)

    def path(self, node: int, item: int = -1) -> str:
        """Return the path of a step or an item as text."""
        name = self.graph.nodes[node].id
        return name if item < 0 else f"{name}/{item}"

    def key(self, path: str) -> tuple[int, int]:
        """Return the node and the item (-1 = the step itself) of a path."""
        node = self.graph.by_id.get(path)
        if node is not None:
            return node, -1
        name, item = split_path(path)
        return self.graph.by_id[name], item
