"""Text that stands for a value: numbers, JSON, and literals in Python quoting."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from ciranda.expressions import YAML, ExpressionError
from ciranda.expressions.inline import Literal, Mapping, Node, Sequence, Unary, parse

NOTHING: Final = object()
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,400}")
_FLOAT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS: Final = {"true": True, "false": False, "null": None}


def number(text: str) -> int | float | None:
    """Return the number whose canonical text this is, or None."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) < 40 and _FLOAT.fullmatch(text):  # noqa: PLR2004 - no float is longer
        value = float(text)
        if repr(value) == text:
            return value
    return None


def as_structure(text: str) -> Any:
    """Return the list or object that a text writes out, or NOTHING."""
    text = text.strip()
    if text[:1] not in {"[", "{"}:
        return NOTHING
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _python(text)
    return value if _finite(value) else NOTHING


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _finite(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, float) and not math.isfinite(each):
            return False
        waiting.extend(
            each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        )
    return True


def _python(text: str) -> Any:
    """Read a literal in Python quoting with the expressions' own parser, as data only."""
    try:
        return _data(parse(text, YAML))
    except (ExpressionError, ValueError, TypeError):
        return NOTHING


def _data(node: Node) -> Any:
    if isinstance(node, Literal) and not isinstance(node.value, bytes):
        return node.value
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Literal):
        return -node.operand.value  # type: ignore[operator] # a text raises TypeError, caught
    if isinstance(node, Sequence) and node.kind != "set":
        return [_data(item) for item in node.items]
    if isinstance(node, Mapping):
        return {_key(_data(key)): _data(value) for key, value in zip(node.keys, node.values)}
    raise ValueError


def _key(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise TypeError
    return value


def untyped(text: str) -> Any:
    """Return what a literal without a type is: a number in canonical form, else the text."""
    value = number(text)
    return text if value is None else value


def returned(text: str) -> Any:
    """Return what a literal of `q:return` is: a number, JSON, a quoted text, else the text."""
    stripped = text.strip()
    value = number(stripped)
    if value is not None:
        return value
    if stripped in _WORDS:
        return _WORDS[stripped]
    if _QUOTED.fullmatch(stripped):
        return stripped[1:-1]
    structure = as_structure(stripped)
    return text if structure is NOTHING else structure
