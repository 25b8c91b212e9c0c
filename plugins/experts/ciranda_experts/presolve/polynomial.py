"""Polynomials over the rationals with a bound on their size; integers wherever they suffice."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

__all__ = ["ONE", "Column", "Number", "Polynomial", "TooLargeError", "add", "combine", "power"]
__all__ += ["product", "scale", "tidy", "whole"]

Number: TypeAlias = int | Fraction
Column: TypeAlias = str | tuple[str, ...]  # a name; a product of names, sorted; "" for constants
Polynomial: TypeAlias = dict[Column, Number]  # without zero coefficients

ONE = ""
MAX_TERMS = 80
MAX_DEGREE = 12
MAX_BITS = 40_000  # of a coefficient: literals may have 10,000 digits


class TooLargeError(Exception):
    """A polynomial or number is larger than what is worth computing here."""


def add(into: Polynomial, other: Polynomial, factor: Number = 1) -> None:
    """Add `factor` times another polynomial in place."""
    for column, coefficient in other.items():
        total = into.get(column, 0) + factor * coefficient
        if total:
            into[column] = total
        else:
            into.pop(column, None)


def combine(first: Polynomial, times: Number, second: Polynomial, others: Number) -> Polynomial:
    """Give `times * first + others * second`; `times` is not 0."""
    result = {column: times * value for column, value in first.items()}
    add(result, second, others)
    return result


def scale(polynomial: Polynomial, factor: Number) -> Polynomial:
    """Multiply by a number."""
    if not factor:
        return {}
    return {column: factor * value for column, value in polynomial.items()}


def product(first: Polynomial, second: Polynomial) -> Polynomial:
    """Multiply two polynomials.

    Raises:
        TooLargeError: The result would have too many terms, too high a degree or huge numbers.
    """
    if len(second) == 1 and ONE in second:
        return tidy(scale(first, second[ONE]))
    if len(first) == 1 and ONE in first:
        return tidy(scale(second, first[ONE]))
    if len(first) * len(second) > MAX_TERMS:
        raise TooLargeError
    result: Polynomial = {}
    for left, a in first.items():
        for right, b in second.items():
            column = _times(left, right)
            total = result.get(column, 0) + a * b
            if total:
                result[column] = total
            else:
                result.pop(column, None)
    return tidy(result)


def power(polynomial: Polynomial, exponent: int) -> Polynomial:
    """Raise to a power of 0 or more; the power 0 is 1.

    Raises:
        TooLargeError: As `product`.
    """
    if exponent == 0:
        return {ONE: 1}
    if not polynomial:
        return {}
    if len(polynomial) == 1 and ONE in polynomial:
        constant = polynomial[ONE]
        if max(constant.numerator.bit_length(), constant.denominator.bit_length()) * exponent > (
            MAX_BITS
        ):
            raise TooLargeError
        return {ONE: constant**exponent}
    if exponent > MAX_DEGREE:
        raise TooLargeError
    result = polynomial
    for _ in range(exponent - 1):
        result = product(result, polynomial)
    return result


def whole(polynomial: Polynomial) -> Polynomial:
    """Multiply by the least positive number that makes all coefficients integers."""
    for value in polynomial.values():
        if type(value) is not int:
            break
    else:
        return polynomial
    factor = lcm(*(value.denominator for value in polynomial.values()))
    return {column: int(value * factor) for column, value in polynomial.items()}


def tidy(polynomial: Polynomial) -> Polynomial:
    """Check the size of the numbers.

    Raises:
        TooLargeError: A number is too large.
    """
    for value in polynomial.values():
        if value.numerator.bit_length() > MAX_BITS or value.denominator.bit_length() > MAX_BITS:
            raise TooLargeError
    return polynomial


def content(polynomial: Polynomial) -> int:
    """Give the greatest common divisor of the integer coefficients but the constant; 0 if none."""
    divisor = 0
    for column, value in polynomial.items():
        if column:
            divisor = gcd(divisor, value.numerator)
            if divisor == 1:
                break
    return divisor


def _times(left: Column, right: Column) -> Column:
    if left == ONE:
        return right
    if right == ONE:
        return left
    factors = (left,) if isinstance(left, str) else left
    factors += (right,) if isinstance(right, str) else right
    if len(factors) > MAX_DEGREE:
        raise TooLargeError
    return tuple(sorted(factors))
