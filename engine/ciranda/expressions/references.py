"""What an expression reads: names with the path that is known before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .tree import (
    Attribute,
    Binary,
    Call,
    Coalesce,
    Comprehension,
    Conditional,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    children,
    walk,
)

_STEP: Final = 2  # elements of steps.<id>


@dataclass(frozen=True)
class Reference:
    """One read of a variable.

    Args:
        path: Root name, then keys and indexes up to the first part that is not known.
        offsets: Where each element of the path stands.
        guarded: Whether it stands on the left of `??`, or where a test of the same
            `steps.<id>.status` decides whether it is read.
    """

    path: tuple[str | int, ...]
    offsets: tuple[int, ...]
    guarded: bool

    @property
    def root(self) -> str:
        """The variable's name."""
        return str(self.path[0])


def references(tree: Node) -> tuple[Reference, ...]:
    """Return every read of a variable, in the order of the source."""
    found: list[Reference] = []
    _collect(tree, frozenset(), False, frozenset(), found)
    return tuple(sorted(found, key=lambda each: each.offsets[0]))


def calls(tree: Node) -> tuple[tuple[str, int], ...]:
    """Return every called function with its place."""
    found: list[tuple[str, int]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            found.append((node.function, node.offset))
        waiting.extend(children(node))
    return tuple(sorted(found, key=lambda each: each[1]))


def static_path(node: Node) -> tuple[str, list[tuple[str | int, int]]] | None:
    """Return the root and the keys of a chain of constant keys, or None for any other node."""
    parts: list[tuple[str | int, int]] = []
    while not isinstance(node, Name):
        if isinstance(node, Attribute):
            parts.append((node.name, node.offset))
            node = node.target
        elif isinstance(node, Index) and isinstance(node.key, Literal):
            value = node.key.value
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                return None
            parts.append((value, node.key.offset))
            node = node.target
        else:
            return None
    return node.name, [(node.name, node.offset), *reversed(parts)]


def _collect(  # noqa: PLR0912 - see there
    node: Node,
    bound: frozenset[str],
    guarded: bool,
    tested: frozenset[tuple[str | int, ...]],
    found: list[Reference],
) -> None:
    """Add what a node reads; the arms are the few nodes where a name or a guard begins."""
    while isinstance(node, Binary):  # a chain of a thousand leans to the left
        _collect(node.right, bound, guarded, tested, found)
        node = node.left
    if isinstance(node, (Name, Attribute, Index)):
        _collect_path(node, bound, guarded, tested, found)
    elif isinstance(node, Coalesce):
        for operand in node.operands[:-1]:
            _collect(operand, bound, True, tested, found)
        _collect(node.operands[-1], bound, guarded, tested, found)
    elif isinstance(node, Conditional):
        _collect(node.test, bound, guarded, tested, found)
        within = tested | _statuses(node.test)
        _collect(node.then, bound, guarded, within, found)
        _collect(node.other, bound, guarded, within, found)
    elif isinstance(node, Logic):
        for operand in node.operands:
            _collect(operand, bound, guarded, tested, found)
            tested |= _statuses(operand)
    elif isinstance(node, Comprehension):
        for loop in node.loops:
            _collect(loop.items, bound, guarded, tested, found)
            bound |= frozenset(loop.names)
            for test in loop.tests:
                _collect(test, bound, guarded, tested, found)
                tested |= _statuses(test)
        for part in (node.element, node.value):
            if part is not None:
                _collect(part, bound, guarded, tested, found)
    else:
        for child in children(node):
            _collect(child, bound, guarded, tested, found)


def _collect_path(
    node: Name | Attribute | Index,
    bound: frozenset[str],
    guarded: bool,
    tested: frozenset[tuple[str | int, ...]],
    found: list[Reference],
) -> None:
    static = static_path(node)
    if static is None:
        for child in children(node):
            _collect(child, bound, guarded, tested, found)
    elif static[0] not in bound:
        path = tuple(part for part, _ in static[1])
        safe = guarded or (path[2:3] != ("status",) and path[:2] in tested)
        found.append(Reference(path, tuple(offset for _, offset in static[1]), safe))


def _statuses(test: Node) -> frozenset[tuple[str | int, ...]]:
    """Return the steps whose status a test reads, as paths of two elements."""
    found: set[tuple[str | int, ...]] = set()
    for node, _ in walk(test):
        if isinstance(node, Attribute) and node.name == "status":
            static = static_path(node.target)
            if static is not None and static[0] == "steps" and len(static[1]) == _STEP:
                found.add(tuple(part for part, _ in static[1]))
    return frozenset(found)
