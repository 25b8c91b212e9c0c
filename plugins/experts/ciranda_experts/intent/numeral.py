"""Numerals: exact, whatever their size, within the limit of digits."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from . import limits
from .error import FaultKind, IntentError
from .tokens import is_whole, shown
from .tree import Literal, Sort

__all__ = ["digits_of", "read_numeral", "whole_of", "write_numeral"]

_NUMERAL: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_EXPONENT: Final = 6  # digits of an exponent that are looked at; more are beyond any limit
# Python refuses int(str) from 4300 digits on, and a program may set that to 640.
_PLAIN: Final = 600
_READABLE: Final = 30  # digits of a real number that is whole and written without an exponent


def read_numeral(token: str, *, negative: bool = False) -> Literal:
    """Return the constant that a token means.

    Args:
        token: As `tokens.split` found it, which begins with a digit.
        negative: Whether a minus stands before it.

    Raises:
        IntentError: It is no numeral, or has too many digits.
    """
    if is_whole(token) and (token[0] != "0" or len(token) == 1):
        if len(token) <= _PLAIN:
            number = int(token)
        else:
            _limit(len(token), token)
            number = whole_of(token)
        return Literal(-number if negative else number, Sort.INT)
    found = _NUMERAL.fullmatch(token)
    if found is None:
        raise IntentError(FaultKind.MALFORMED, _advice(token))
    whole, part, exponent = found[1], found[2] or "", found[3] or ""
    power = exponent.lstrip("+-").lstrip("0")
    _limit(len(whole) + len(part), token)
    if len(power) > _EXPONENT:
        _limit(limits.DIGITS + 1, token)
    _limit(len(whole) + len(part) + int(power or 0), token)
    places = -int(power or 0) if exponent.startswith("-") else int(power or 0)
    value = _fraction(whole + part, places - len(part))
    return Literal(-value if negative else value, Sort.REAL)


def write_numeral(value: int | Fraction, sort: Sort) -> str:
    """Return the numeral of a constant, with its minus; a fraction must be a decimal one.

    Raises:
        ValueError: A fraction such as 1/3, which no numeral can say.
    """
    if sort is Sort.INT:
        return digits_of(int(value))
    value = Fraction(value)
    if value.denominator == 1:
        digits = digits_of(value.numerator)
        if len(digits) <= _READABLE:
            return f"{digits}.0"
        zeros = len(digits) - len(digits.rstrip("0"))
        return f"{digits[: len(digits) - zeros]}e{zeros}"
    places, scale = _places(value.denominator)
    digits = digits_of(abs(value.numerator) * scale).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def _places(denominator: int) -> tuple[int, int]:
    """Return how many decimal places a denominator needs, and what makes it a power of ten."""
    rest = denominator
    twos = (rest & -rest).bit_length() - 1
    rest >>= twos
    fives = 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    if rest != 1:
        raise ValueError(f"no numeral has the denominator {shown(digits_of(denominator))}")
    places = max(twos, fives)
    return places, 2 ** (places - twos) * 5 ** (places - fives)


def whole_of(digits: str) -> int:
    """Return the number that digits mean, however many; half by half, which a decimal is not."""
    if len(digits) <= _PLAIN:
        return int(digits)
    half = len(digits) // 2
    return int(whole_of(digits[:-half]) * 10**half + whole_of(digits[-half:]))


def digits_of(number: int) -> str:
    """Return a number in decimal, however long it is."""
    if number.bit_length() <= _PLAIN:
        return str(number)
    places = number.bit_length() * 30103 // 100_000 + 1  # log10(2) is less than 0.30103
    digits = _padded(abs(number), places).lstrip("0")
    return f"-{digits}" if number < 0 else digits


def _padded(number: int, places: int) -> str:
    if places <= _PLAIN:
        return str(number).rjust(places, "0")
    half = places // 2
    above, below = divmod(number, 10**half)
    return _padded(above, places - half) + _padded(below, half)


def _fraction(digits: str, power: int) -> Fraction:
    number = whole_of(digits)
    return Fraction(number * 10**power) if power >= 0 else Fraction(number, 10**-power)


def _limit(digits: int, token: str) -> None:
    if digits > limits.DIGITS:
        message = f"the numeral `{shown(token)}` has more than {limits.DIGITS:,} digits"
        raise IntentError(FaultKind.LIMIT, f"{message}: use a smaller one")


def _advice(token: str) -> str:
    written = f"`{shown(token)}` is not a number"
    if "_" in token:
        return f"{written}: write its digits without `_`"
    if token.lstrip("0").isdigit() or token[:2].isdigit():
        return f"{written}: remove the zeros before it"
    if token[1:2] in "xXbBoO":
        return f"{written}: write it in decimal"
    if token.endswith("."):
        return f"{written}: write a digit after the point"
    return f"{written}: write it as 12, 1.5 or 2e3, and begin names with a letter"
