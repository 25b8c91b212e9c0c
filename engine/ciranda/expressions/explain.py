"""What the host raised while generated code ran, as a fault of the expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

from . import limits
from .budget import word
from .error import ExpressionError, did_you_mean
from .references import static_path
from .runtime import FILE
from .tree import Attribute, Index, Literal, Name, Node, walk

_OPERATOR: Final = re.compile(r"'(.{1,3})' not supported between instances of '(\w+)' and '(\w+)'")
_UNHASHABLE: Final = re.compile(r"unhashable type")
_UNPACK: Final = re.compile(r"unpack")
_TYPES: Final[dict[str, Any]] = {
    "str": "", "int": 0, "float": 0.0, "bool": False, "list": [], "tuple": (), "dict": {},
    "set": set(), "NoneType": None, "bytes": b"", "range": range(0),
}  # fmt: skip
RAISED: Final = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    NameError,
    RecursionError,
    MemoryError,
)


def explain(
    error: BaseException, tree: Node, source: str, scope: Mapping[str, Any]
) -> ExpressionError:
    """Return the fault to raise instead of an error of the host."""
    offset = _offset(error.__traceback__)
    if isinstance(error, ExpressionError):
        return error.placed(offset if error.offset < 0 else error.offset, source)
    kind, message = _reason(error, offset, tree, scope)
    return ExpressionError(kind, message, offset=offset, source=source)


def _offset(trace: TracebackType | None) -> int:
    offset = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            offset = trace.tb_lineno - 1
        trace = trace.tb_next
    return offset


def _reason(
    error: BaseException, offset: int, tree: Node, scope: Mapping[str, Any]
) -> tuple[str, str]:
    if isinstance(error, (KeyError, NameError)):
        return _missing(offset, tree, scope)
    if isinstance(error, IndexError):
        return "index", "the index is out of range"
    if isinstance(error, ZeroDivisionError):
        return "zero", "division by zero"
    if isinstance(error, (OverflowError, MemoryError, RecursionError)):
        return "limit", "a number or a value grows too large"
    return unfit(str(error) if isinstance(error, (TypeError, ValueError)) else "")


def unfit(text: str) -> tuple[str, str]:
    """Return kind and message for the text of a TypeError or ValueError of the host."""
    found = _OPERATOR.search(text)
    if found is not None:
        left, right = (word(_TYPES.get(name, object)) for name in found.groups()[1:])
        return "type", f"cannot compare {left} and {right} with '{found[1]}'"
    if _UNHASHABLE.search(text):
        return "type", "a key is a text or a number, not a list or an object"
    if _UNPACK.search(text):
        return "type", "a loop with several names needs items of as many parts"
    if "digits" in text:
        return "limit", f"an integer may have {limits.BITS} bits"
    return "type", "a value of a wrong type stands here"


def _missing(offset: int, tree: Node, scope: Mapping[str, Any]) -> tuple[str, str]:
    for node, _ in walk(tree):
        if isinstance(node, Name) and node.offset == offset:
            return "undefined", f"unknown name '{node.name}'{did_you_mean(node.name, scope)}"
        if isinstance(node, Attribute) and node.offset == offset:
            known = _keys(node.target, scope)
            return (
                "undefined",
                f"there is no property '{node.name}'{did_you_mean(node.name, known)}",
            )
        if isinstance(node, Index) and node.offset == offset and isinstance(node.key, Literal):
            key = node.key.value
            close = did_you_mean(key, _keys(node.target, scope)) if isinstance(key, str) else ""
            return "undefined", f"there is no key {key!r}{close}"
    return "undefined", "something is not there"


def _keys(node: Node, scope: Mapping[str, Any]) -> list[Any]:
    """Return the keys of the object that a static path leads to."""
    static = static_path(node)
    value: Any = scope
    for part, _ in static[1] if static is not None else ():
        if value is scope and part in scope:
            value = scope[str(part)]
        elif type(value) is dict and part in value:
            value = value[part]
        else:
            return []
    return list(value) if type(value) is dict else []
