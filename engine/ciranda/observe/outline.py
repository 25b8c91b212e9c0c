"""What a workflow file adds to a timeline: the action, the needs and the line of each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ciranda.workflow.graph import edges
from ciranda.workflow.model import Workflow

__all__ = ["Outline", "outline"]


@dataclass(frozen=True, slots=True)
class Outline:
    """The steps of a workflow, by id.

    Attributes:
        uses: The action that each step calls.
        needs: The steps that each step waits for.
        lines: Where each step stands in its file, from 1.
        critical: The critical path of a run that has not been yet; of others it is found.
    """

    uses: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    critical: tuple[str, ...] = ()


def outline(workflow: Workflow) -> Outline:
    """Return what a timeline of this workflow's runs may show beside their events."""
    return Outline(
        uses={step.id: step.uses for step in workflow.steps.values()},
        needs=edges(workflow),
        lines={step.id: step.line for step in workflow.steps.values() if step.line},
    )
