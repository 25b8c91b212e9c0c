"""The graph of the steps at the top of a workflow."""

from __future__ import annotations

from collections.abc import Iterable

from ciranda.workflow.level import Level, levels_of
from ciranda.workflow.links import Links, conditions_of, links_of, reads_of
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot, spots

__all__ = ["edges", "edges_of", "lifts", "lifts_of"]


def edges(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """Return the steps that each step needs: written ones first, then those that it reads."""
    levels = levels_of(workflow)
    return edges_of(levels, spots(workflow, Places(workflow.document), [], levels=levels))


def lifts(workflow: Workflow) -> dict[str, bool | frozenset[str]]:
    """Return for each step whose failure does not skip it.

    True: its `if` calls a status function, so any; a set: the steps whose `.status` it mentions.
    """
    levels = levels_of(workflow)
    return lifts_of(levels, spots(workflow, Places(workflow.document), [], levels=levels))


def edges_of(levels: list[Level], found: Iterable[Spot]) -> dict[str, tuple[str, ...]]:
    """Return `edges` of a workflow whose expressions are known."""
    return dict(_top(levels, found).edges)


def lifts_of(levels: list[Level], found: Iterable[Spot]) -> dict[str, bool | frozenset[str]]:
    """Return `lifts` of a workflow whose expressions are known."""
    return dict(_top(levels, found).lifts)


def _top(levels: list[Level], found: Iterable[Spot]) -> Links:
    found = list(found)
    return links_of(levels[0], reads_of(levels, found)[levels[0]], conditions_of(found))
