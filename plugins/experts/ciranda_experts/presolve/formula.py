"""Formulas over polynomials, as the checker of certificates has them.

They share no code with what finds certificates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import product as pairs
from typing import TypeAlias

from ..intent.tree import Operation, Term

__all__ = ["FALSE", "ONE", "TRUE", "Atom", "Computed", "Fact", "Formula", "Mode", "Part"]
__all__ += ["Relation", "Sum", "Sums", "number_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """An operation that is no polynomial; one object stands for all that are equal."""

    operation: Operation


Atom: TypeAlias = str | Computed  # a variable, or what an operation comes to
Monomial: TypeAlias = frozenset[tuple[Atom, int]]  # atoms and their powers
Sum: TypeAlias = dict[Monomial, Fraction]
ONE: Monomial = frozenset()
MAX_TERMS = 4_000
MAX_POWER = 1_000
MAX_BITS = 400_000  # of a number above or below a fraction's line


class Relation(Enum):
    """How a sum compares with 0."""

    EQUAL = "=="
    AT_LEAST = ">="
    ABOVE = ">"


EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE


class Mode(Enum):
    """What is said of a term."""

    TRUE = "true"
    FALSE = "false"
    DEFINED = "defined"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Fact:
    """A sum compares with 0."""

    sum: Sum
    relation: Relation

    @property
    def impossible(self) -> bool:
        """Say whether it is a falsehood about a number."""
        if not self.sum:
            return self.relation is ABOVE
        if set(self.sum) != {ONE}:
            return False
        return self.relation is EQUAL or self.sum[ONE] < 0


@dataclass(frozen=True, slots=True)
class Formula:
    """All of its parts hold and so does its own fact; with `any`, one of its parts does."""

    parts: tuple[Part, ...] = ()
    any: bool = False
    fact: Fact | None = None
    variable: tuple[str, bool] | None = None  # a truth value


Part: TypeAlias = "tuple[Mode, Term] | Formula"
TRUE, FALSE = Formula(), Formula(any=True)


class Sums:
    """Calculates with sums, and counts what that takes.

    Args:
        work: Units that may be spent, of about a microsecond.
    """

    __slots__ = ("_left",)

    def __init__(self, work: int) -> None:
        self._left = work

    def spend(self, units: int) -> None:
        """Take units from those that are left.

        Raises:
            ValueError: There are too few: a certificate may be made to take long.
        """
        self._left -= units
        if self._left < 0:
            raise ValueError("the certificate takes too long to check")

    def combination(self, *summands: tuple[Fraction | int, Sum]) -> Sum:
        """Add multiples of sums.

        Raises:
            ValueError: It takes too long, or numbers become too large.
        """
        result: Sum = {}
        for factor, summand in summands:
            self.plus(result, summand, Fraction(factor))
        return result

    def multiply(self, left: Sum, right: Sum) -> Sum:
        """Multiply two sums.

        Raises:
            ValueError: The product is too large, or takes too long.
        """
        if len(left) * len(right) > MAX_TERMS:
            raise ValueError("a product of sums is too large")
        result: Sum = {}
        for (first, a), (second, b) in pairs(left.items(), right.items()):
            self.spend(len(first) + len(second) + _weight(a, b))
            powers = dict(first)
            for atom, power in second:
                powers[atom] = powers.get(atom, 0) + power
                if powers[atom] > MAX_POWER:
                    raise ValueError("a power is too large")
            self.plus(result, {frozenset(powers.items()): a * b}, Fraction(1))
        return result

    def plus(self, into: Sum, other: Sum, factor: Fraction) -> None:
        """Add a multiple of a sum in place.

        Raises:
            ValueError: It takes too long, or numbers become too large.
        """
        for monomial, number in other.items():
            before = into.pop(monomial, Fraction(0))
            self.spend(3 + _weight(factor, number) + _weight(before, number))
            total = before + factor * number
            if total:
                into[monomial] = total


def _weight(*numbers: Fraction) -> int:
    """Return the units that it takes to multiply or add numbers.

    Raises:
        ValueError: One is too large.
    """
    bits = 0
    for number in numbers:
        above, below = number.numerator.bit_length(), number.denominator.bit_length()
        if above > MAX_BITS or below > MAX_BITS:
            raise ValueError("a number is too large")
        bits += above + below
    return bits * bits >> 22


def number_of(summand: Sum) -> Fraction | None:
    """Give the number that a sum is, or None."""
    if not summand:
        return Fraction(0)
    return summand.get(ONE) if len(summand) == 1 else None
