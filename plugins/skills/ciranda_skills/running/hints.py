"""From the annotation of a parameter to JSON Schema, by its text alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from .choices import Choices, last_name
from .inspected import parse_hint

__all__ = ["schema_of"]

_TYPES: Final = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "list": "array",
    "tuple": "array",
    "Dict": "object",
    "List": "array",
    "Mapping": "object",
    "Sequence": "array",
    "None": "null",
}
_OF_VALUES: Final = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
_DEEPEST: Final = 8  # texts within texts


def schema_of(hint: ast.expr | None, choices: Choices) -> dict[str, Any]:
    """Return the schema of what an annotation lets in; an empty one where JSON cannot say it.

    Args:
        hint: The annotation.
        choices: Enums that it may name.
    """
    if hint is None:
        return {}
    try:
        found = list(_alternatives(hint, choices, _DEEPEST))
    except (_UnknownError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    types = sorted({each for each in found if isinstance(each, str)})
    values = [value for each in found if isinstance(each, tuple) for value in each]
    if values and not set(types) - {"null"}:
        return {"enum": [*_once(values), *([None] if types and None not in values else [])]}
    types = sorted({*types, *(_OF_VALUES[type(value)] for value in values)})
    return {"type": types[0] if len(types) == 1 else types}


def _once(values: list[Any]) -> list[Any]:
    """Return values without repetition; `1` and `True` are two."""
    return [value for _, value in {(type(each), each): each for each in values}.items()]


class _UnknownError(Exception):
    """JSON has no word for a part of an annotation."""


def _alternatives(node: ast.expr, choices: Choices, deep: int) -> Iterator[str | tuple[Any, ...]]:
    """Yield each type, or the values, that an annotation lets in.

    Raises:
        _UnknownError: One of them is neither.
        SyntaxError: A text in it is no annotation.
    """
    name = last_name(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and deep:
        parts = [parse_hint(node.value)]
        deep -= 1
    elif isinstance(node, ast.Constant) and node.value is None:
        yield "null"
        return
    elif isinstance(node, ast.Subscript):
        yield from _subscripted(node, choices, deep)
        return
    elif name in choices:
        yield choices[name]
        return
    elif name in _TYPES:
        yield _TYPES[name]
        return
    else:
        raise _UnknownError
    for part in parts:
        yield from _alternatives(part, choices, deep)


def _subscripted(
    node: ast.Subscript, choices: Choices, deep: int
) -> Iterator[str | tuple[Any, ...]]:
    name = last_name(node.value)
    within = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        yield tuple(_plain(each) for each in within)
    elif name in ("Optional", "Union"):
        for each in within:
            yield from _alternatives(each, choices, deep)
        if name == "Optional":
            yield "null"
    elif name == "Annotated" and within:
        yield from _alternatives(within[0], choices, deep)
    else:  # list[int] is a list
        yield from _alternatives(node.value, choices, deep)


def _plain(node: ast.expr) -> Any:
    """Return a value that both Python and JSON can write.

    Raises:
        _UnknownError: It is none.
    """
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise _UnknownError from None
    if type(value) not in _OF_VALUES:
        raise _UnknownError
    return value
