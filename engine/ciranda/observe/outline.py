"""What a workflow file adds to a timeline: the action, the needs and the line of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ciranda.events.path import inside
from ciranda.observe.folds import Folds
from ciranda.workflow.graph import edges
from ciranda.workflow.model import Step, Workflow

__all__ = ["Outline", "outline", "places"]


@dataclass(frozen=True, slots=True)
class Outline:
    """The steps of a workflow, by their place: `load`, `files/rows`, `pay/@catch0/tell`.

    Attributes:
        uses: The action that each step calls, or what it is instead: `group`, `wait`.
        needs: The steps that each step of the run itself waits for.
        lines: Where each step stands in its file, from 1.
        races: Those of which the first branch or item wins.
        critical: The critical path of a run that has not been yet; of others it is found.
        folds: Where the steps stand of a file that began again within itself.
    """

    uses: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    races: frozenset[str] = frozenset()
    critical: tuple[str, ...] = ()
    folds: Folds = field(default_factory=Folds)


def outline(workflow: Workflow) -> Outline:
    """Return what a timeline of this workflow's runs may show beside their events."""
    steps = dict(places(workflow))
    return Outline(
        uses={place: step.uses or step.body for place, step in steps.items()},
        needs=edges(workflow),
        lines={place: step.line for place, step in steps.items() if step.line},
        races=frozenset(place for place, step in steps.items() if step.join.race),
        folds=Folds(workflow),
    )


def places(workflow: Workflow) -> Iterator[tuple[str, Step]]:
    """Yield every step of a workflow with its place, those inside of a step after it."""
    blocks = [(workflow.steps, "")]
    blocks += [(block.steps, inside("", name)) for name, block in workflow.handlers.items()]
    waiting = [
        (f"{prefix}{name}", step)
        for steps, prefix in blocks[::-1]
        for name, step in reversed(steps.items())
    ]
    while waiting:
        place, step = waiting.pop()
        yield place, step
        waiting += [
            (f"{inside(place, block)}{name}", inner)
            for block, held in reversed(step.blocks.items())
            for name, inner in reversed(held.steps.items())
        ]
