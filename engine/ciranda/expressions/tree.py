"""The checked tree between the parser and the code generator.

`offset` is the place in the source that a fault of this node points at: the operator of an
operation, the name of a property, the function of a call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union


@dataclass(eq=False)
class Literal:
    """A number, a text, bytes, true, false or null."""

    offset: int
    value: bool | int | float | str | bytes | None


@dataclass(eq=False)
class Name:
    """A variable."""

    offset: int
    name: str


@dataclass(eq=False)
class Attribute:
    """`target.name`."""

    offset: int
    target: Node
    name: str


@dataclass(eq=False)
class Index:
    """`target[key]`."""

    offset: int
    target: Node
    key: Node


@dataclass(eq=False)
class Slice:
    """`target[start:stop:step]`."""

    offset: int
    target: Node
    start: Node | None
    stop: Node | None
    step: Node | None


@dataclass(eq=False)
class Call:
    """`function(...)`."""

    offset: int
    function: str
    arguments: list[Node]
    keywords: list[tuple[str, Node]]


@dataclass(eq=False)
class Method:
    """`target.name(...)`."""

    offset: int
    target: Node
    name: str
    arguments: list[Node]
    keywords: list[tuple[str, Node]]


@dataclass(eq=False)
class Unary:
    """`-x`, `+x`, `~x`, `not x`."""

    offset: int
    operator: str
    operand: Node


@dataclass(eq=False)
class Binary:
    """Arithmetic and bits; chains lean to the left."""

    offset: int
    operator: str
    left: Node
    right: Node


@dataclass(eq=False)
class Compare:
    """`a < b <= c`: one operator fewer than operands; each has its own offset."""

    offset: int
    operands: list[Node]
    operators: list[str]
    offsets: list[int]
    closed: bool = False  # in parentheses: a further operator compares its truth value


@dataclass(eq=False)
class Logic:
    """`a and b and c` or `a or b or c`."""

    offset: int
    operator: str
    operands: list[Node]


@dataclass(eq=False)
class Coalesce:
    """`a ?? b ?? c`."""

    offset: int
    operands: list[Node]


@dataclass(eq=False)
class Conditional:
    """`then if test else other`, also written `test ? then : other`."""

    offset: int
    test: Node
    then: Node
    other: Node


@dataclass(eq=False)
class Sequence:
    """A list, tuple or set written out."""

    offset: int
    kind: str  # list, tuple, set
    items: list[Node]


@dataclass(eq=False)
class Mapping:
    """A dict written out."""

    offset: int
    keys: list[Node]
    values: list[Node]


@dataclass(eq=False)
class Loop:
    """One `for names in items if test if test` of a comprehension."""

    offset: int
    names: list[str]
    single: bool  # `for x in`, not `for x, in`
    items: Node
    tests: list[Node]


@dataclass(eq=False)
class Comprehension:
    """A list, set or dict comprehension, or a generator handed to a function."""

    offset: int
    kind: str  # list, set, dict, generator
    element: Node
    value: Node | None
    loops: list[Loop]


@dataclass(eq=False)
class Field:
    """`{value!r:spec}` within a text."""

    offset: int
    value: Node
    conversion: str
    spec: str


@dataclass(eq=False)
class Text:
    """An f-string."""

    offset: int
    parts: list[str | Field]


Node = Union[
    Literal, Name, Attribute, Index, Slice, Call, Method, Unary, Binary, Compare, Logic,
    Coalesce, Conditional, Sequence, Mapping, Comprehension, Text,
]  # fmt: skip


def children(node: Node) -> list[Node]:
    """Return the nodes right beneath, in the order in which they stand in the source."""
    if isinstance(node, (Literal, Name)):
        return []
    if isinstance(node, Attribute):
        return [node.target]
    if isinstance(node, Index):
        return [node.target, node.key]
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, Unary):
        return [node.operand]
    if isinstance(node, (Compare, Logic, Coalesce)):
        return list(node.operands)
    if isinstance(node, Sequence):
        return list(node.items)
    if isinstance(node, Conditional):
        return [node.then, node.test, node.other]
    return _others(node)


def _others(node: Slice | Call | Method | Mapping | Comprehension | Text) -> list[Node]:
    if isinstance(node, Call):
        return [*node.arguments, *(value for _, value in node.keywords)]
    if isinstance(node, Method):
        return [node.target, *node.arguments, *(value for _, value in node.keywords)]
    if isinstance(node, Slice):
        parts = (node.target, node.start, node.stop, node.step)
        return [part for part in parts if part is not None]
    if isinstance(node, Mapping):
        return [part for pair in zip(node.keys, node.values) for part in pair]
    if isinstance(node, Text):
        return [part.value for part in node.parts if not isinstance(part, str)]
    found = [node.element] if node.value is None else [node.element, node.value]
    for loop in node.loops:
        found.append(loop.items)
        found.extend(loop.tests)
    return found


def walk(root: Node) -> Iterator[tuple[Node, int]]:
    """Yield every node with its level; the left arm of an operation stays on its level."""
    waiting = [(root, 1)]
    while waiting:
        node, level = waiting.pop()
        yield node, level
        if isinstance(node, Binary):
            left = level if isinstance(node.left, Binary) else level + 1
            waiting += [(node.left, left), (node.right, level + 1)]
        else:
            waiting += [(child, level + 1) for child in children(node)]


def size(root: Node) -> int:
    """Return the number of nodes."""
    return sum(1 for _ in walk(root))
