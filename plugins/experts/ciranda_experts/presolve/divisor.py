"""Products of whole numbers that are a number: what divides it."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, isqrt
from typing import Final, NamedTuple, TypeAlias

from ..intent.tree import Op
from .book import Book
from .branch import Branch
from .linear import Equation
from .polynomial import ONE, Column, Polynomial, TooLargeError, combine, product

__all__ = ["Factors", "divided", "shared"]

MAX_DIVISORS = 48
MAX_NUMBER = 1 << 64
MAX_ROUNDS = 70  # of the search for one prime factor
STEPS = 64  # in a round
_Pair: TypeAlias = tuple[Polynomial, Polynomial]
SMALL: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


class Factors(NamedTuple):
    """An equation says that `left * right == number`, which has these prime factors."""

    equation: Equation
    left: Polynomial
    right: Polynomial
    number: int
    primes: dict[int, int]

    @property
    def divisors(self) -> list[int]:
        """List the divisors of the number, those below 0 too, in order."""
        found = [1]
        for prime, power in self.primes.items():
            found = [one * prime**times for one in found for times in range(power + 1)]
        return sorted([*found, *(-one for one in found)])


def divided(branch: Branch) -> Factors | None:
    """Find an equation of a branch that says what the product of two polynomials is."""
    book = branch.values.book
    for equation in branch.system.solved.values():
        polynomial = equation.polynomial
        if len(polynomial) == 1 or not book.all_whole(polynomial):
            continue
        for left, right in _products(branch, polynomial):
            reduced = (branch.system.reduce(side, {})[0] for side in (left, right))
            if any(map(_constant, reduced)):
                continue
            number = _number(polynomial, left, right)
            if not number or abs(number) >= MAX_NUMBER:
                continue
            if abs(number) not in book.primes:
                book.primes[abs(number)] = _primes(book, abs(number))
            primes = book.primes[abs(number)]
            if primes is None:
                continue
            ways = 1
            for power in primes.values():
                ways *= power + 1
            if ways <= MAX_DIVISORS:
                return Factors(equation, left, right, number, primes)
    return None


def shared(polynomial: Polynomial) -> tuple[str, Polynomial] | None:
    """Find a column that divides all of a polynomial but its constant, and what is left then."""
    columns = [column for column in polynomial if column != ONE]
    common = set(_parts(columns[0])) if columns else set[str]()
    for column in columns:
        common.intersection_update(_parts(column))
    if not common:
        return None
    name = min(common)
    rest: Polynomial = {}
    for column in columns:
        parts = list(_parts(column))
        parts.remove(name)
        rest[tuple(parts) if len(parts) > 1 else (parts[0] if parts else ONE)] = polynomial[column]
    return name, rest


def _parts(column: Column) -> tuple[str, ...]:
    return (column,) if isinstance(column, str) else column


def _constant(polynomial: Polynomial) -> bool:
    return not polynomial.keys() - {ONE}


def _number(polynomial: Polynomial, left: Polynomial, right: Polynomial) -> int | None:
    """Give what a product is where a polynomial is 0, if that is a number."""
    try:
        whole = product(left, right)
    except TooLargeError:
        return None
    for sign in (-1, 1):
        rest = combine(whole, 1, polynomial, sign)
        if not rest.keys() - {ONE}:
            number = rest.get(ONE, 0)
            return int(number) if number.denominator == 1 else None
    return None


def _products(branch: Branch, polynomial: Polynomial) -> list[_Pair]:
    """List what a polynomial may be the product of, but for a number."""
    found: list[_Pair] = []
    common = shared(polynomial)
    if common is not None:
        found.append(({common[0]: 1}, common[1]))
    bent = [column for column in polynomial if isinstance(column, tuple)]
    if len(bent) == 2:  # noqa: PLR2004  a difference
        found += _difference(polynomial, bent)
    elif len(bent) == 1:
        found += _rectangle(polynomial, bent[0])
    values = branch.values
    for term, _, _ in list(values.known.values()):
        if term.op is Op.MULTIPLY:
            left, *rest = (values.of(argument) for argument in term.arguments)
            right = rest[0]
            for side in rest[1:]:
                right = product(right, side)
            found.append((left, right))
    return [(left, right) for left, right in found if _whole(left) and _whole(right)]


def _difference(polynomial: Polynomial, bent: Sequence[tuple[str, ...]]) -> list[_Pair]:
    """Take a difference of squares apart."""
    names: list[Column] = []
    for column in bent:
        half = column[::2]
        if column[1::2] != half:
            return []
        names.append(half if len(half) > 1 else half[0])
    first, second = (isqrt(abs(int(polynomial[column]))) for column in bent)
    return [({names[0]: first, names[1]: -second}, {names[0]: first, names[1]: second})]


def _rectangle(polynomial: Polynomial, bent: tuple[str, ...]) -> list[_Pair]:
    """Read x * y + b * x + a * y as (x + a) * (y + b) but for a number."""
    times = polynomial[bent]
    if len(set(bent)) < len(bent) or len(bent) > 2 or abs(times) != 1:  # noqa: PLR2004
        return []
    one, other = bent
    left: Polynomial = {one: 1}
    right: Polynomial = {other: 1}
    if other in polynomial:
        left[ONE] = polynomial[other] * times
    if one in polynomial:
        right[ONE] = polynomial[one] * times
    return [(left, right)]


def _whole(polynomial: Polynomial) -> bool:
    return all(number.denominator == 1 for number in polynomial.values())


def _primes(book: Book, number: int) -> dict[int, int] | None:
    """Give the prime factors of a number above 0, or None if that would take long."""
    found: dict[int, int] = {}
    waiting = [number]
    while waiting:
        part = waiting.pop()
        if part == 1:
            continue
        if _is_prime(part):
            found[part] = found.get(part, 0) + 1
            continue
        divisor = _divisor(book, part)
        if divisor is None:
            return None
        waiting += (divisor, part // divisor)
    return found


def _is_prime(number: int) -> bool:
    for prime in SMALL:
        if number % prime == 0:
            return number == prime
    half = number - 1
    twos = 0
    while half % 2 == 0:
        half //= 2
        twos += 1
    for base in SMALL:
        value = pow(base, half, number)
        if value in (1, number - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


def _divisor(book: Book, number: int) -> int | None:
    """Find a divisor of a number that is not prime, by Pollard's rho."""
    for prime in SMALL:
        if number % prime == 0:
            return prime
    root = isqrt(number)
    if root * root == number:
        return root
    slow = fast = 2
    for _ in range(MAX_ROUNDS):
        book.spend(STEPS // 2)
        before, product_of_all = (slow, fast), 1
        for _ in range(STEPS):
            slow = (slow * slow + 1) % number
            fast = (fast * fast + 1) % number
            fast = (fast * fast + 1) % number
            product_of_all = product_of_all * (slow - fast) % number
        if gcd(product_of_all, number) > 1:
            slow, fast = before
            for _ in range(STEPS):
                slow = (slow * slow + 1) % number
                fast = (fast * fast + 1) % number
                fast = (fast * fast + 1) % number
                found = gcd(slow - fast, number)
                if found > 1:
                    return found if found < number else None
    return None
