"""Which step waits for which, and whose failure a step wants to hear about."""

from __future__ import annotations

from collections.abc import Iterable

from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot, spots
from ciranda.workflow.statuses import speaks_of_status, step_of

__all__ = ["edges", "edges_of", "lifts", "lifts_of"]


def edges(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """Return the steps that each step needs: written ones first, then those that it reads."""
    return edges_of(workflow, spots(workflow, Places(workflow.document), []))


def lifts(workflow: Workflow) -> dict[str, bool | frozenset[str]]:
    """Return for each step whose failure does not skip it.

    True: its `if` calls a status function, so any; a set: the steps whose `.status` it mentions.
    """
    return lifts_of(workflow, spots(workflow, Places(workflow.document), []))


def edges_of(workflow: Workflow, found: Iterable[Spot]) -> dict[str, tuple[str, ...]]:
    """Return `edges` of a workflow whose expressions are known."""
    read: dict[str, dict[str, None]] = {name: {} for name in workflow.steps}
    for spot in found:
        if spot.step is not None:
            wanted = read[spot.step.id]
            for reference in spot.expression.references:
                name = step_of(reference)
                if name in workflow.steps and name != spot.step.id:
                    wanted[name] = None
    needs = {}
    above: tuple[str, ...] = ()
    for name, step in workflow.steps.items():
        written = (need for need in step.needs if need in workflow.steps and need != name)
        needs[name] = tuple(dict.fromkeys((*written, *read[name], *above)))
        above = (name,) if workflow.order == "sequence" else ()
    return needs


def lifts_of(workflow: Workflow, found: Iterable[Spot]) -> dict[str, bool | frozenset[str]]:
    """Return `lifts` of a workflow whose expressions are known."""
    rules: dict[str, bool | frozenset[str]] = dict.fromkeys(workflow.steps, frozenset())
    for spot in found:
        if spot.step is not None and spot.place == "if":
            rules[spot.step.id] = speaks_of_status(spot.expression)
    return rules
