"""Values as exact text, and back."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, TypeAlias

from .intent.numeral import digits_of, whole_of
from .intent.tree import Sort

__all__ = ["Value", "model_of", "number_of", "value_of", "written"]

Value: TypeAlias = bool | int | Fraction
_DIGITS: Final = 100_000  # of a number that is read


def written(value: Value) -> bool | str:
    """Return a value as it is shown and kept: bools as they are, numbers as exact text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return digits_of(value)
    if value.denominator == 1:
        return digits_of(value.numerator)
    return f"{digits_of(value.numerator)}/{digits_of(value.denominator)}"


def model_of(given: Mapping[str, bool | str], sorts: Mapping[str, Sort]) -> dict[str, Value] | None:
    """Return the values of a model that was kept, or None if it is not one of these variables."""
    if given.keys() != sorts.keys():
        return None
    found: dict[str, Value] = {}
    for name, sort in sorts.items():
        value = value_of(given[name], sort)
        if value is None:
            return None
        found[name] = value
    return found


def value_of(given: bool | str, sort: Sort) -> Value | None:
    """Return the value of a sort that was written, or None if it is none."""
    if sort is Sort.BOOL or isinstance(given, bool):
        return given if sort is Sort.BOOL and isinstance(given, bool) else None
    number = number_of(given)
    if number is None or sort is Sort.REAL:
        return number
    return number.numerator if number.denominator == 1 else None


def number_of(text: str) -> Fraction | None:
    """Return the number that a text such as `-3` or `1/3` is, or None."""
    above, slash, below = text.partition("/")
    digits = above.removeprefix("-"), below if slash else "1"
    if not all(len(part) <= _DIGITS and part.isascii() and part.isdigit() for part in digits):
        return None
    denominator = whole_of(digits[1])
    if not denominator:
        return None
    number = whole_of(digits[0])
    return Fraction(-number if above[0] == "-" else number, denominator)
