"""Which step waits for which at each level, and whose failure a step wants to hear about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ciranda.expressions import Reference
from ciranda.workflow.level import Level
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import speaks_of_status, step_of

__all__ = ["Links", "Reads", "conditions_of", "in_order", "links_of", "reads_of"]

Way = tuple[str, ...]


class Links(msgspec.Struct, frozen=True):
    """The graph of one block.

    Attributes:
        edges: For each step the steps of the block that it needs, written ones first.
        lifts: For each step whose failure does not skip it: True = any, else by name.
        reads: Steps of the levels above that something in the block reads.
        peers: Steps of the `try` beside it that something in the block reads.
    """

    edges: Mapping[str, tuple[str, ...]]
    lifts: Mapping[str, bool | frozenset[str]]
    reads: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()


class Reads(msgspec.Struct):
    """Who reads whom at one level; `by` keeps the first place of each read."""

    by: dict[str, dict[str, tuple[Spot, Reference]]] = msgspec.field(default_factory=dict)
    above: dict[str, None] = msgspec.field(default_factory=dict)
    peers: dict[str, None] = msgspec.field(default_factory=dict)


def reads_of(levels: Iterable[Level], found: Iterable[Spot]) -> dict[Level, Reads]:
    """Return the reads of each level; those of a block count for the step around it too."""
    reads: Final = {level: Reads() for level in levels}
    for spot in found:
        for reference in spot.expression.references:
            if reference.root == "steps" and (name := step_of(reference)):
                _record(name, (spot, reference), reads)
    return reads


def _record(name: str, read: tuple[Spot, Reference], reads: dict[Level, Reads]) -> None:
    level: Level | None = read[0].level
    reader = read[0].step
    passed: list[Level] = []
    while level is not None:
        if name in level.steps and level.named:
            for each in passed:
                reads[each].above[name] = None
            if reader is not None and reader.id != name:
                reads[level].by.setdefault(reader.id, {}).setdefault(name, read)
            return
        if level.peer is not None and name in level.peer.steps:
            for each in (*passed, level):
                reads[each].peers[name] = None
            return
        passed.append(level)
        reader, level = level.owner, level.above


def conditions_of(found: Iterable[Spot]) -> dict[Level, dict[str, Spot]]:
    """Return the `if` of each step, by level and id."""
    conditions: dict[Level, dict[str, Spot]] = {}
    for spot in found:
        if spot.place == "if" and spot.step is not None:
            conditions.setdefault(spot.level, {})[spot.step.id] = spot
    return conditions


def links_of(level: Level, reads: Reads, conditions: Mapping[Level, Mapping[str, Spot]]) -> Links:
    """Return the graph of a level.

    Args:
        level: Whose steps are linked.
        reads: Who reads whom there.
        conditions: The `if` of steps, by level and id.
    """
    edges = {}
    above: tuple[str, ...] = ()
    for name, step in level.steps.items():
        written = (need for need in step.needs if need in level.steps and need != name)
        edges[name] = tuple(dict.fromkeys((*written, *reads.by.get(name, ()), *above)))
        above = (name,) if level.order == "sequence" else ()
    lifts: dict[str, bool | frozenset[str]] = dict.fromkeys(level.steps, frozenset())
    for name, spot in conditions.get(level, {}).items():
        lifts[name] = speaks_of_status(spot.expression)
    return Links(edges, lifts, frozenset(reads.above), frozenset(reads.peers))


def in_order(edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the steps, each after those it needs; those of a cycle come last, as they stand."""
    waiting = {name: len(needs) for name, needs in edges.items()}
    dependents: dict[str, list[str]] = {}
    for name, needs in edges.items():
        for need in needs:
            dependents.setdefault(need, []).append(name)
    free = [name for name, count in waiting.items() if not count]
    for name in free:  # the list is the queue
        for dependent in dependents.get(name, ()):
            waiting[dependent] -= 1
            if not waiting[dependent]:
                free.append(dependent)
    return free if len(free) == len(edges) else list(dict.fromkeys((*free, *edges)))
