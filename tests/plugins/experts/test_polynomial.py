"""Polynomials: they compute what their terms do, and do not grow without end."""

from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.presolve.polynomial import (
    ONE,
    Polynomial,
    TooLargeError,
    combine,
    content,
    power,
    product,
    whole,
)

numbers = st.fractions(min_value=-5, max_value=5, max_denominator=4).filter(bool)
columns = st.sampled_from((ONE, "x", "y", ("x", "x"), ("x", "y")))
polynomials = st.dictionaries(columns, numbers, max_size=4)


def value(polynomial: Polynomial, x: Fraction, y: Fraction) -> Fraction:
    total = Fraction(0)
    for column, coefficient in polynomial.items():
        term = Fraction(coefficient)
        for name in (column,) if isinstance(column, str) else column:
            term *= {ONE: Fraction(1), "x": x, "y": y}[name]
        total += term
    return total


@settings(max_examples=60, deadline=None)
@given(polynomials, polynomials, st.integers(0, 3), numbers, numbers)
def test_sums_products_and_powers_have_the_values_they_should(
    first: Polynomial, second: Polynomial, exponent: int, x: Fraction, y: Fraction
):
    left, right = value(first, x, y), value(second, x, y)

    assert value(combine(first, 2, second, -3), x, y) == 2 * left - 3 * right
    assert value(product(first, second), x, y) == left * right
    assert value(power(first, exponent), x, y) == left**exponent
    assert not any(number == 0 for number in product(first, second).values())


def test_coefficients_are_made_whole_by_the_least_factor():
    assert whole({"x": Fraction(1, 2), ONE: Fraction(1, 3)}) == {"x": 3, ONE: 2}
    assert whole({"x": 2}) == {"x": 2}
    assert content({"x": 4, "y": -6, ONE: 3}) == 2
    assert content({ONE: 3}) == 0


def test_what_would_grow_too_large_is_not_computed():
    wide: Polynomial = {f"x{index}": 1 for index in range(12)}
    with pytest.raises(TooLargeError):
        product(wide, wide)
    with pytest.raises(TooLargeError):
        power({"x": 1}, 13)
    with pytest.raises(TooLargeError):
        power({ONE: 7}, 1_000_000)
    with pytest.raises(TooLargeError):
        product({"x": 10**9_000}, {ONE: 10**9_000})
    assert power({}, 0) == {ONE: 1}
    assert power({}, 5) == {}
