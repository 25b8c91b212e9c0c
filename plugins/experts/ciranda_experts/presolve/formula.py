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

__all__ = ["FALSE", "ONE", "TRUE", "Atom", "Fact", "Formula", "Mode", "Part", "Relation", "Sum"]
__all__ += ["combination", "multiply", "number_of", "plus"]

Atom: TypeAlias = str | Operation  # a variable, or an operation that is no polynomial
Monomial: TypeAlias = frozenset[tuple[Atom, int]]  # atoms and their powers
Sum: TypeAlias = dict[Monomial, Fraction]
ONE: Monomial = frozenset()
MAX_TERMS = 4_000


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


def combination(*summands: tuple[Fraction | int, Sum]) -> Sum:
    """Add multiples of sums."""
    result: Sum = {}
    for factor, summand in summands:
        plus(result, summand, Fraction(factor))
    return result


def multiply(left: Sum, right: Sum) -> Sum:
    """Multiply two sums.

    Raises:
        ValueError: The product is too large.
    """
    if len(left) * len(right) > MAX_TERMS:
        raise ValueError("a product of sums is too large")
    result: Sum = {}
    for (first, a), (second, b) in pairs(left.items(), right.items()):
        powers = dict(first)
        for atom, power in second:
            powers[atom] = powers.get(atom, 0) + power
        plus(result, {frozenset(powers.items()): a * b}, Fraction(1))
    return result


def plus(into: Sum, other: Sum, factor: Fraction) -> None:
    """Add a multiple of a sum in place."""
    for monomial, number in other.items():
        total = into.pop(monomial, Fraction(0)) + factor * number
        if total:
            into[monomial] = total


def number_of(summand: Sum) -> Fraction | None:
    """Give the number that a sum is, or None."""
    if not summand:
        return Fraction(0)
    return summand.get(ONE) if len(summand) == 1 else None
