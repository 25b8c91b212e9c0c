"""What an expression gives, as the plain data that a step or an output can be given."""

from __future__ import annotations

from typing import Any, Final

from ciranda.actions.values import MAX_DEPTH, NotPlainError, plain
from ciranda.expressions import ExpressionError, Secret, Stored
from ciranda.expressions.limits import ITERATIONS
from ciranda.expressions.tree import (
    Attribute,
    Coalesce,
    Conditional,
    Index,
    Literal,
    Name,
    Node,
    Sequence as Written,
)

__all__ = ["only_reads", "plain_result"]

_OPAQUE: Final = (Secret, Stored)


def only_reads(tree: Node) -> bool:
    """Say whether an expression gives a part of its scope, which is plain data already."""
    if isinstance(tree, (Attribute, Index)):
        return only_reads(tree.target)
    if isinstance(tree, Coalesce):
        return all(map(only_reads, tree.operands))
    if isinstance(tree, Conditional):
        return only_reads(tree.then) and only_reads(tree.other)
    if isinstance(tree, Literal):
        return not isinstance(tree.value, (int, float)) or isinstance(tree.value, bool)
    if isinstance(tree, Written):
        return tree.kind == "list" and not tree.items
    return isinstance(tree, Name)


def plain_result(value: Any) -> Any:
    """Return what an expression computed as plain data of its own.

    Sets, tuples and ranges become lists; secrets and lists that live in the store stay.

    Raises:
        ExpressionError: It holds what cannot be kept, such as a key that is no text.
    """
    try:
        try:
            return plain(value)
        except NotPlainError:  # perhaps only because of what plain data does not know
            return _rebuilt(value, 0)
    except NotPlainError as error:
        raise ExpressionError("value", error.sentence("the result")) from None


def _rebuilt(value: Any, depth: int) -> Any:
    if isinstance(value, _OPAQUE):
        return value
    if isinstance(value, range):
        return plain(_items_of(value))
    if depth >= MAX_DEPTH:
        return plain(value)  # which says so
    if isinstance(value, dict):
        for key in value:
            plain({key: None})  # or says what is wrong with the key
        return {key: _part(key, each, depth) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_part(at, each, depth) for at, each in enumerate(value)]
    return plain(value)


def _part(key: str | int, value: Any, depth: int) -> Any:
    try:
        return _rebuilt(value, depth + 1)
    except NotPlainError as error:
        error.path.insert(0, key)
        raise


def _items_of(numbers: range) -> list[int]:
    # `len` cannot say how long the longest ranges are.
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= ITERATIONS:
        raise ExpressionError("limit", f"a range of more than {ITERATIONS:,} numbers is too long")
    return list(numbers)
