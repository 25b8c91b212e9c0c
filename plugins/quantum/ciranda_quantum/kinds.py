"""What kind of value an expression gives, as far as that is known before it runs.

A kind is a word and, for integers, the number of bits they have at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ciranda.expressions.inline import (
    Binary,
    Call,
    Compare,
    Comprehension,
    Conditional,
    Literal,
    Logic,
    Name,
    Node,
    Sequence,
    Unary,
)

Kind = tuple[str, int]
ANY: Final[Kind] = ("any", 0)
FLOAT: Final[Kind] = ("float", 0)
BOOL: Final[Kind] = ("bool", 0)
TEXT: Final[Kind] = ("text", 0)
LIST: Final[Kind] = ("list", 0)
LARGE: Final = 4117  # bits of a variable: the limit, and what a million additions put on top
NUMBER: Final[Kind] = ("number", LARGE)
INTEGER: Final[Kind] = ("integer", LARGE)
COUNT: Final[Kind] = ("integer", 64)
CALLS: Final[dict[str, Kind]] = {"len()": COUNT, "str()": TEXT}
"""What calls give, unless the template has a function of that name."""
_NUMBERS: Final = frozenset(["integer", "float", "number"])
_MOST: Final = 40_000  # bits of what is computed before anything is checked
_DEPTH: Final = 40
_DECLARED: Final = {
    "number": NUMBER, "integer": INTEGER, "decimal": FLOAT, "boolean": BOOL, "string": TEXT,
    "date": TEXT, "datetime": TEXT, "email": TEXT, "url": TEXT, "array": LIST,
}  # fmt: skip


def declared(word: str) -> Kind:
    """Return the kind of a declared type."""
    return _DECLARED.get(word, ANY)


def is_number(kind: Kind) -> bool:
    """Tell whether values of a kind are ints or floats, and no booleans."""
    return kind[0] in _NUMBERS


def of_value(value: object) -> Kind:
    """Return the kind of a plain value."""
    if type(value) is int:
        return ("integer", value.bit_length())
    if type(value) is float:
        return FLOAT
    if type(value) is str:
        return TEXT
    return BOOL if type(value) is bool else LIST if type(value) is list else ANY


def join(left: Kind | None, right: Kind) -> Kind:
    """Return the kind of what is one or the other."""
    if left is None or left == right:
        return right
    if is_number(left) and is_number(right):
        word = left[0] if left[0] == right[0] else "number"
        return (word, max(left[1], right[1]))
    return left if left[0] == right[0] else ANY


def infer(  # noqa: PLR0912 - one arm a kind of node
    node: Node, lookup: Callable[[str], Kind], depth: int = 0
) -> Kind:
    """Return the kind of an expression, given those of its names and of `name()`, its calls."""
    if isinstance(node, Name):
        return lookup(node.name)
    if isinstance(node, Literal):
        return of_value(node.value)
    if depth > _DEPTH:
        return ANY
    if isinstance(node, Binary):
        return _binary(
            node.operator, infer(node.left, lookup, depth + 1), infer(node.right, lookup, depth + 1)
        )
    if isinstance(node, Compare):
        return BOOL
    if isinstance(node, Unary):
        if node.operator == "not":
            return BOOL
        inner = infer(node.operand, lookup, depth + 1)
        return inner if is_number(inner) and node.operator in "+-" else ANY
    if isinstance(node, Conditional):
        return join(infer(node.then, lookup, depth + 1), infer(node.other, lookup, depth + 1))
    if isinstance(node, Logic):
        found: Kind | None = None
        for each in node.operands:
            found = join(found, infer(each, lookup, depth + 1))
        return found or ANY
    if isinstance(node, Call):
        return lookup(f"{node.function}()")
    if isinstance(node, Sequence) and node.kind == "list":
        return LIST
    if isinstance(node, Comprehension) and node.kind == "list":
        return LIST
    return ANY


def _binary(operator: str, left: Kind, right: Kind) -> Kind:
    if not is_number(left) or not is_number(right):
        return TEXT if operator == "+" and left == right == TEXT else ANY
    if operator == "/":
        return FLOAT
    if "float" in {left[0], right[0]} and operator in {"+", "-", "*", "//", "%"}:
        return FLOAT
    word = "integer" if left[0] == right[0] == "integer" else "number"
    bits = {
        "+": max(left[1], right[1]) + 1, "-": max(left[1], right[1]) + 1,
        "*": left[1] + right[1], "//": left[1] + 1, "%": right[1] + 1,
    }.get(operator, _MOST)  # fmt: skip
    return (word, bits) if bits < _MOST else ANY
