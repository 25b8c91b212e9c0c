"""Results of steps with many parts: items that may be null, branches that cannot win."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ciranda.errors import Fault
from ciranda.expressions.references import static_path
from ciranda.expressions.tree import (
    Attribute,
    Coalesce,
    Compare,
    Comprehension,
    Conditional,
    Index,
    Literal,
    Logic,
    Loop,
    Name,
    Node,
    children,
    walk,
)
from ciranda.workflow.checks.needs import instead
from ciranda.workflow.level import Level
from ciranda.workflow.model import Step
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import step_of
from ciranda.workflow.survey import Survey

__all__ = ["result_faults"]

_EQUAL: Final = frozenset({"==", "!="})
# Whoever asks one of two things, or has another value at hand, has thought of null.
_GUARDS: Final = (Coalesce, Conditional, Logic, Comprehension)


def result_faults(seen: Survey) -> Iterator[Fault]:
    """Yield reads of items that may be null, and winners of a race that is not run by them."""
    if not any(step.repeats or step.join.race for _, step in seen.steps):
        return
    for spot in seen.spots:
        if not any(read.root == "steps" for read in spot.expression.references):
            continue
        for node, _ in walk(spot.expression.tree):
            if isinstance(node, Comprehension):
                yield from _items(node, spot, seen)
            elif isinstance(node, Compare) and _EQUAL.issuperset(node.operators):
                yield from _winners(node, spot, seen)


def _read(node: Node, field: tuple[str, ...], spot: Spot) -> tuple[Step, Level, int] | None:
    """Return the step of which a node reads just this field, its level, and where it is named."""
    found = static_path(node)
    if found is None or found[0] != "steps":
        return None
    path = [part for part, _ in found[1][1:]]
    if tuple(path[1:]) != field:
        return None
    for level in spot.level.seen():
        if path[0] in level.steps:
            return level.steps[str(path[0])], level, found[1][1][1]
    return None


def _items(node: Comprehension, spot: Spot, seen: Survey) -> Iterator[Fault]:
    parts = [node.element] if node.value is None else [node.element, node.value]
    tests = [test for loop in node.loops for test in loop.tests]
    for loop in node.loops:
        read = _read(loop.items, ("output",), spot) if loop.single else None
        why = _why_null(read[0]) if read is not None else ""
        if read is None or not why or _asks(spot, read[0], seen):
            continue
        name = loop.names[0]
        if any(_names(test, name) for test in tests) or not _takes(parts, node.loops, loop, name):
            continue
        step = read[0]
        yield seen.places.fault(
            spot.path,
            f"an item of `steps.{step.id}.output` may be null: step `{step.id}` {why}",
            hint=f"write `for {name} in steps.{step.id}.output if {name} != null`",
            offset=spot.base + read[2],
            kind="may-be-null",
        )


def _why_null(step: Step) -> str:
    """Return why an item of a step can be without an output while the step succeeds."""
    if (step.map is None and step.matrix is None) or step.join.race:
        return ""
    if step.on_item_failure == "keep":
        return "keeps items that failed"
    if step.when is not None:
        return "has a `when`"
    return "needs not all items: it has a `join`" if step.join.need is not None else ""


def _asks(spot: Spot, step: Step, seen: Survey) -> bool:
    """Say whether a condition on the way out reads the step: it may have asked for its items."""
    level: Level | None = spot.level
    reader = spot.step
    while level is not None:
        own = seen.conditions.get(level, {}).get(reader.id) if reader is not None else None
        if own is not None and any(
            step_of(read) == step.id for read in own.expression.references if read.root == "steps"
        ):
            return True
        if level.name.startswith("case"):
            return True  # a case has a condition of its own
        reader, level = level.owner, level.above
    return False


def _takes(parts: list[Node], loops: list[Loop], own: Loop, name: str) -> bool:
    """Say whether a part, or a loop further in, takes something out of an item as it is."""
    inner = [loop.items for loop in loops[loops.index(own) + 1 :]]
    waiting: list[Node] = [*parts, *inner]
    for node in waiting:  # the list is the queue
        if isinstance(node, _GUARDS):
            continue
        if isinstance(node, Attribute | Index):
            target = node.target
            if isinstance(target, Name) and target.name == name:
                return True
        waiting += children(node)
    return False


def _names(node: Node, name: str) -> bool:
    return any(isinstance(each, Name) and each.name == name for each, _ in walk(node))


def _winners(node: Compare, spot: Spot, seen: Survey) -> Iterator[Fault]:
    for operand in node.operands:
        read = _read(operand, ("output", "winner"), spot)
        if read is None or not read[0].join.race or read[0].repeats:
            continue
        step, level, _ = read
        branches = _branches(step, level, seen)
        for other in node.operands:
            word = other.value if isinstance(other, Literal) else None
            if branches and isinstance(word, str) and word not in branches:
                yield seen.places.fault(
                    spot.path,
                    f"`{word}` is no branch of the race `{step.id}`",
                    hint=instead(word, branches),
                    offset=spot.base + other.offset,
                    kind="unknown-branch",
                )


def _branches(step: Step, level: Level, seen: Survey) -> list[str]:
    inner: Iterable[Level] = (
        each
        for each in seen.levels
        if each.above is level and each.owner is step and each.name == "steps"
    )
    return [name for each in inner for name in each.branches(seen.links[each].edges)]
