"""What whole numbers leave when sums of them are divided: for the checker of certificates.

It shares no code with what finds certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

from .formula import ONE, Atom, Sum

__all__ = ["Window", "divisors", "only_zero", "residues"]

MAX_CLASSES = 20_000
MAX_DIVISORS = 200
# With these bases the test of Miller and Rabin is right for all numbers below the limit.
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
_LIMIT = 3_317_044_064_679_887_385_961_981


class Window(NamedTuple):
    """A sum of whole numbers is 0 at least, and `most` at most."""

    sum: Sum
    most: int


_Terms: TypeAlias = list[tuple[int, list[tuple[int, int]]]]  # coefficients; places and powers


def residues(
    target: Sum, modulus: int, windows: Sequence[Window], spend: Callable[[int], None]
) -> set[int]:
    """List what a sum of whole numbers may leave when it is divided by a modulus.

    Only numbers that keep to the windows are meant. `spend` is told what it takes before.

    Raises:
        ValueError: A coefficient is not whole, or there are too many classes to look at.
    """
    found: set[int] = set()
    atoms = _atoms((target, *(window.sum for window in windows)), modulus)
    goal = _terms(target, modulus, atoms)
    limits = [(_terms(window.sum, modulus, atoms), window.most) for window in windows]
    classes = _classes(len(atoms), modulus)
    spend(modulus ** len(atoms) * (_size(goal) + sum(_size(terms) for terms, _ in limits)))
    for values in classes:
        if all(_value(terms, values, modulus) <= most for terms, most in limits):
            found.add(_value(goal, values, modulus))
    return found


def only_zero(form: Sum, modulus: int, divisor: int, spend: Callable[[int], None]) -> bool:
    """Say whether a form of whole numbers can only be 0 where all of its atoms are.

    So it is if all of its monomials have one degree, and it is 0 for the modulus only where the
    divisor divides each atom: any solution could be divided again and again. `spend` is told what
    it takes before.

    Raises:
        ValueError: As `residues`.
    """
    degrees = {sum(power for _, power in monomial) for monomial in form}
    if len(degrees) != 1 or ONE in form or divisor < 2 or modulus % divisor:  # noqa: PLR2004
        return False
    atoms: dict[Atom, int] = {}
    for monomial in form:
        for atom, _ in monomial:
            atoms.setdefault(atom, len(atoms))
    terms = _terms(form, modulus, atoms)
    classes = _classes(len(atoms), modulus)
    spend(modulus ** len(atoms) * _size(terms))
    return all(
        _value(terms, values, modulus) or not any(value % divisor for value in values)
        for values in classes
    )


def _size(terms: _Terms) -> int:
    return 1 + sum(1 + len(powers) for _, powers in terms)


def divisors(number: int, primes: Mapping[int, int]) -> list[int]:
    """List the divisors of a number that is not 0, those below 0 too, in order.

    Args:
        number: What is divided.
        primes: Its prime factors and how often each divides it.

    Raises:
        ValueError: Those are not its prime factors, or there are too many divisors.
    """
    found = [1]
    rest = abs(number)
    for prime, power in primes.items():
        if len(found) * (power + 1) > MAX_DIVISORS:
            raise ValueError("there are too many divisors")
        if power < 1 or not _is_prime(prime) or rest % prime**power:
            raise ValueError("what is no prime factor is called one")
        rest //= prime**power
        found = [one * prime**times for one in found for times in range(power + 1)]
    if rest != 1:
        raise ValueError("a prime factor is missing")
    return sorted([*found, *(-one for one in found)])


def _is_prime(number: int) -> bool:
    if not 2 <= number < _LIMIT:  # noqa: PLR2004  the first prime
        return False
    if number in _BASES:
        return True
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    return not any(_shows_composite(base, number, twos) for base in _BASES)


def _shows_composite(base: int, number: int, twos: int) -> bool:
    value = pow(base, (number - 1) >> twos, number)
    if value in (1, number - 1):
        return False
    for _ in range(twos - 1):
        value = value * value % number
        if value == number - 1:
            return False
    return True


def _atoms(sums: Iterable[Sum], modulus: int) -> dict[Atom, int]:
    """Number the atoms on which the sums depend for a modulus."""
    atoms: dict[Atom, int] = {}
    for each in sums:
        for monomial, number in each.items():
            if number.denominator != 1:
                raise ValueError("a coefficient is not whole")
            if number % modulus:
                for atom, _ in monomial:
                    atoms.setdefault(atom, len(atoms))
    return atoms


def _terms(given: Sum, modulus: int, atoms: Mapping[Atom, int]) -> _Terms:
    if any(number.denominator != 1 for number in given.values()):
        raise ValueError("a coefficient is not whole")
    return [
        (int(number) % modulus, [(atoms[atom], power) for atom, power in monomial])
        for monomial, number in given.items()
        if number % modulus
    ]


def _value(terms: _Terms, values: tuple[int, ...], modulus: int) -> int:
    total = 0
    for number, powers in terms:
        for at, power in powers:
            number = number * pow(values[at], power, modulus) % modulus  # noqa: PLW2901  so far
        total += number
    return total % modulus


def _classes(atoms: int, modulus: int) -> Iterator[tuple[int, ...]]:
    # Everything is 0 for 1.
    if not 2 <= modulus <= MAX_CLASSES or modulus**atoms > MAX_CLASSES:  # noqa: PLR2004
        raise ValueError("there are too many classes")
    return product(range(modulus), repeat=atoms)
