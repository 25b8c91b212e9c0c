"""Exact amounts as text: whole numbers, decimals where there are any, fractions otherwise."""

from __future__ import annotations

from fractions import Fraction

from ..intent.numeral import write_numeral
from ..intent.tree import Sort

__all__ = ["amount_text", "briefly"]

_SHOWN = 60  # characters of an amount in a sentence


def amount_text(value: int | Fraction) -> str:
    """Return a number without loss: `-12`, `0.00000000001`, `1/3`."""
    number = Fraction(value)
    top, bottom = number.numerator, number.denominator
    if bottom == 1:
        return write_numeral(top, Sort.INT)
    try:
        return write_numeral(number, Sort.REAL)
    except ValueError:  # has no end as a decimal
        return f"{write_numeral(top, Sort.INT)}/{write_numeral(bottom, Sort.INT)}"


def briefly(text: str) -> str:
    """Return an amount for a sentence: of a very long one the beginning."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
