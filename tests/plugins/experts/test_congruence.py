"""What the checker of certificates says of residues and divisors, beside trying all numbers."""

from fractions import Fraction
from itertools import product
from math import isqrt

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.presolve.congruence import Window, divisors, only_zero, residues
from ciranda_experts.presolve.formula import ONE, Sum

X, Y = frozenset({("x", 1)}), frozenset({("y", 1)})
XX, YY, XY = frozenset({("x", 2)}), frozenset({("y", 2)}), frozenset({("x", 1), ("y", 1)})
sums = st.dictionaries(
    st.sampled_from((ONE, X, Y, XX, YY, XY)), st.integers(-9, 9).filter(bool).map(Fraction)
)


def free(units: int) -> None:
    assert units >= 0


def value(of: Sum, x: int, y: int) -> int:
    total = Fraction(0)
    for monomial, number in of.items():
        for atom, power in monomial:
            number *= {"x": x, "y": y}[str(atom)] ** power  # noqa: PLW2901  the product so far
        total += number
    return int(total)


@settings(max_examples=40, deadline=None)
@given(sums, st.integers(2, 9), sums, st.integers(0, 4))
def test_every_number_leaves_one_of_the_residues(target: Sum, modulus: int, low: Sum, most: int):
    found = residues(target, modulus, [], free)
    within = residues(target, modulus, [Window(low, most)], free)

    assert within <= found
    for x, y in product(range(-3, 4), repeat=2):
        assert value(target, x, y) % modulus in found
        if 0 <= value(low, x, y) <= most:
            assert value(target, x, y) % modulus in within


def test_residues_are_of_whole_numbers_and_not_of_too_many():
    with pytest.raises(ValueError, match="not whole"):
        residues({X: Fraction(1, 2)}, 3, [], free)
    with pytest.raises(ValueError, match="not whole"):
        residues({X: Fraction(3, 2), ONE: Fraction(1, 2)}, 3, [], free)
    with pytest.raises(ValueError, match="too many classes"):
        residues({XY: Fraction(1)}, 1_000, [], free)
    with pytest.raises(ValueError, match="too many classes"):
        residues({XY: Fraction(1)}, 1, [], free)


@pytest.mark.parametrize(
    ("form", "modulus", "divisor", "expected"),
    [
        ({XX: 1, YY: -2}, 4, 2, True),
        ({XX: 1, YY: -2}, 2, 2, False),
        ({XX: 1, YY: -3}, 9, 3, True),
        ({XX: 1, YY: 1}, 9, 3, True),
        ({XX: 1, YY: -1}, 9, 3, False),
        ({XX: 1, YY: -2, ONE: -4}, 4, 2, False),
        ({XX: 1, Y: -2}, 4, 2, False),
        ({XX: 1, YY: -2}, 9, 2, False),
        ({XX: 1, YY: -2}, 4, 1, False),
        ({XX: 1, YY: -2}, 4, 0, False),
        ({}, 4, 2, False),
    ],
)
def test_a_form_is_divided_without_end(form: Sum, modulus: int, divisor: int, expected: bool):
    fractions = {monomial: Fraction(number) for monomial, number in form.items()}

    assert only_zero(fractions, modulus, divisor, free) is expected
    if expected:
        pairs = product(range(-40, 41), repeat=2)
        assert not any(value(fractions, x, y) == 0 for x, y in pairs if x or y)


def factors(number: int) -> dict[int, int]:
    found: dict[int, int] = {}
    divisor = 2
    while number > 1:
        if number % divisor == 0:
            number //= divisor
            found[divisor] = found.get(divisor, 0) + 1
        else:
            divisor = divisor + 1 if divisor * divisor <= number else number
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5_000), st.booleans())
def test_divisors_are_those_that_divide(number: int, negative: bool):
    found = divisors(-number if negative else number, factors(number))

    expected = [one for one in range(1, number + 1) if number % one == 0]
    assert found == [*(-one for one in reversed(expected)), *expected]


@pytest.mark.parametrize(
    ("number", "primes"),
    [
        (12, {2: 2}),
        (12, {2: 1, 3: 1}),
        (12, {4: 1, 3: 1}),
        (12, {2: 2, 3: 1, 5: 1}),
        (12, {12: 1}),
        (12, {2: 2, 3: 1, 7: 0}),
        (3_215_031_751, {3_215_031_751: 1}),  # seems to be prime to the bases 2, 3, 5 and 7
        (3_825_123_056_546_413_051, {3_825_123_056_546_413_051: 1}),  # and to the first nine
        (-1, {-1: 1}),
        (10**40 + 1, {10**40 + 1: 1}),
        (2**9 * 3**5 * 5**3, {2: 9, 3: 5, 5: 3}),
    ],
)
def test_what_are_not_the_prime_factors_is_refused(number: int, primes: dict[int, int]):
    with pytest.raises(ValueError, match=r"prime factor|too many divisors"):
        divisors(number, primes)


def test_primes_are_told_from_other_numbers():
    for number in range(2, 1_500):
        prime = all(number % one for one in range(2, isqrt(number) + 1))
        if prime:
            assert divisors(number, {number: 1}) == [-number, -1, 1, number]
        else:
            with pytest.raises(ValueError, match="prime factor"):
                divisors(number, {number: 1})
    for power in (31, 61):
        mersenne = 2**power - 1
        assert divisors(mersenne, {mersenne: 1})[-1] == mersenne
