"""What an unquoted word means: the YAML 1.2 core schema, in finite 64-bit numbers."""

from __future__ import annotations

import math
import re
from typing import Final

from ciranda.workflow.nodes import PlainScalar

__all__ = ["ResolveError", "resolve", "shown"]

_WORDS: Final[dict[str, PlainScalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STARTS_NUMBER: Final = frozenset("0123456789+-.")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1
# A 64-bit number has 19 digits, or 22 after `0o`; int() is quadratic in what we never read.
_LONGEST: Final = 24
_SHOWN: Final = 40


class ResolveError(ValueError):
    """A number that cannot be held; the text is a sentence about it."""


def shown(text: str) -> str:
    """Return the text in backticks, cut where it would fill the screen."""
    first, rest, _ = text.partition("\n")
    cut = len(first) > _SHOWN or bool(rest)
    return f"`{first[:_SHOWN]}{'…' if cut else ''}`"


def resolve(text: str) -> PlainScalar:
    """Return the value of an unquoted scalar.

    Raises:
        ResolveError: The number is infinite, not a number, or does not fit in 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> PlainScalar:
    if _DECIMAL.fullmatch(text):
        return _integer(text, text.lstrip("+-0"), 10, negative=text[0] == "-")
    if _BASED.fullmatch(text):
        return _integer(text, text[2:].lstrip("0"), 8 if text[1] == "o" else 16, negative=False)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ResolveError(f"{shown(text)} is too large for a number")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise ResolveError(f"{shown(text)} is not a finite number")
    return text


def _integer(text: str, digits: str, base: int, *, negative: bool) -> int:
    if len(digits) <= _LONGEST:
        number = int(digits or "0", base)
        number = -number if negative else number
        if _SMALLEST <= number <= _LARGEST:
            return number
    raise ResolveError(f"{shown(text)} does not fit in 64 bits")
