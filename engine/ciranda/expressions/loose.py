"""Comparisons of conditions in `.q` files: text from a form meets numbers and booleans."""

from __future__ import annotations

import re
from typing import Any, Final

from . import operators

_NUMERAL: Final = re.compile(r"\s*[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})\s*")
_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*")
_WORDS: Final = {"true": True, "false": False}
_COMPARE: Final = {
    "==": operators.equal,
    "!=": operators.unequal,
    "<": operators.less,
    "<=": operators.less_or_equal,
    ">": operators.greater,
    ">=": operators.greater_or_equal,
}


def compare(operator: str, left: Any, right: Any, budget: list[int]) -> bool:
    """Compare; a text meets a number as the numeral it holds, a boolean as true or false."""
    if type(left) is str:
        left = _meet(left, right)
    elif type(right) is str:
        right = _meet(right, left)
    return _COMPARE[operator](left, right, budget)


def _meet(text: str, other: Any) -> Any:
    kind = type(other)
    if kind is bool:
        return _WORDS.get(text.strip().lower(), text) if len(text) < 100 else text  # noqa: PLR2004 - longer texts are no word
    if (kind is int or kind is float) and len(text) < 1000 and _NUMERAL.fullmatch(text):  # noqa: PLR2004 - longer texts are no numeral
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    return text
