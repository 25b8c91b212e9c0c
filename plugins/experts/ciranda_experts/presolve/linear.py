"""Linear facts over columns: equalities are solved at once, bounds of single columns are kept."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from .book import Book, Origin
from .polynomial import ONE, Column, Number, Polynomial, combine, content, whole

__all__ = ["Bound", "Relation", "Row", "System", "decided", "meet", "normal"]


class Relation(Enum):
    """How a polynomial compares with 0."""

    EQUAL = "=="
    AT_LEAST = ">="
    ABOVE = ">"


EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE


class Row(NamedTuple):
    """A fact: the polynomial is at least 0, or above it; a sum of the facts of `origin`."""

    polynomial: Polynomial
    strict: bool
    origin: Origin


class Bound(NamedTuple):
    """The least or the greatest value of a column, and the row that says so."""

    value: Number
    row: Row


class Equation(NamedTuple):
    """A polynomial that is 0, solved for a column: there `pivot`, above 0, is its coefficient."""

    pivot: int
    polynomial: Polynomial
    origin: Origin


def normal(
    polynomial: Polynomial, relation: Relation, integral: bool
) -> tuple[Polynomial, Relation]:
    """Bring a fact to integer coefficients; with whole columns make it as tight as it can be.

    A fact without columns is left to `decided`, and so is an equality of whole numbers that no
    whole numbers satisfy: it becomes `1 == 0`.
    """
    polynomial = whole(polynomial)
    if not integral:
        return polynomial, relation
    divisor = content(polynomial)
    if divisor == 0 or (divisor == 1 and relation is not ABOVE):
        return polynomial, relation
    constant = polynomial.get(ONE, 0)
    if relation is EQUAL and constant % divisor:
        return {ONE: 1}, relation
    result: Polynomial = {
        column: value // divisor for column, value in polynomial.items() if column
    }
    if relation is ABOVE:
        constant = -(-constant // divisor) - 1
        relation = AT_LEAST
    else:
        constant //= divisor
    if constant:
        result[ONE] = constant
    return result, relation


def decided(polynomial: Polynomial, relation: Relation) -> bool | None:
    """Say whether a fact without columns holds; None for one with columns."""
    if not polynomial:
        return relation is not ABOVE
    if len(polynomial) > 1 or ONE not in polynomial:
        return None
    return relation is not EQUAL and polynomial[ONE] > 0


def meet(first: Row, second: Row, column: Column) -> Row:
    """Add multiples of two rows so that a column, of opposite signs in them, is gone."""
    left = abs(int(first.polynomial[column]))
    right = abs(int(second.polynomial[column]))
    divisor = gcd(left, right)
    left //= divisor
    right //= divisor
    return Row(
        combine(first.polynomial, right, second.polynomial, left),
        first.strict or second.strict,
        _sum(first.origin, right, second.origin, left),
    )


def _sum(first: Origin, times: int, second: Origin, others: int) -> Origin:
    result = {fact: times * value for fact, value in first.items()}
    for fact, value in second.items():
        result[fact] = result.get(fact, 0) + others * value
    return result


class System:
    """The linear facts of one branch.

    No column of `solved` occurs in a row, a bound or another equation. Rows have two columns or
    more. Rows, bounds and equations are never changed, so that a copy may share them.
    """

    __slots__ = ("book", "lower", "rows", "solved", "upper")

    def __init__(self, book: Book) -> None:
        self.book = book
        self.solved: dict[Column, Equation] = {}
        self.rows: list[Row] = []
        self.lower: dict[Column, Bound] = {}
        self.upper: dict[Column, Bound] = {}

    def copy(self) -> System:
        """Give a system that may grow on its own."""
        twin = System.__new__(System)
        twin.book = self.book
        twin.solved = self.solved.copy()
        twin.rows = self.rows.copy()
        twin.lower = self.lower.copy()
        twin.upper = self.upper.copy()
        return twin

    def add(self, polynomial: Polynomial, relation: Relation, origin: Origin) -> Origin | None:
        """Add a fact with integer coefficients.

        Returns:
            A sum of facts that cannot be, if there is one now.
        """
        waiting = [(polynomial, relation, origin)]
        while waiting:
            polynomial, relation, origin = waiting.pop()
            self.book.spend(len(polynomial) + len(origin))
            if self.solved:
                polynomial, origin = self.reduce(polynomial, origin)
            if len(polynomial) - (ONE in polynomial) == 0:
                if decided(polynomial, relation) is False:
                    return origin if polynomial.get(ONE, 0) <= 0 else _negate(origin)
            elif relation is EQUAL:
                conflict = self._solve(polynomial, origin, waiting)
                if conflict is not None:
                    return conflict
            else:
                conflict = self._place(Row(polynomial, relation is ABOVE, origin))
                if conflict is not None:
                    return conflict
        return None

    def reduce(self, polynomial: Polynomial, origin: Origin) -> tuple[Polynomial, Origin]:
        """Put in what the equations say, after a multiplication by a positive number."""
        solved = self.solved
        if solved:
            for column in [column for column in polynomial if column in solved]:
                pivot, equation, source = solved[column]
                coefficient = int(polynomial[column])
                divisor = gcd(pivot, coefficient)
                self.book.spend(len(equation) + len(source))
                times, others = pivot // divisor, -coefficient // divisor
                polynomial = combine(polynomial, times, equation, others)
                origin = _sum(origin, times, source, others)
        return polynomial, origin

    def tighten(self, row: Row) -> Row:
        """Make a row over whole columns as tight as it can be; that is a step of its own."""
        polynomial, strict, origin = row
        if not self.book.all_whole(polynomial):
            return row
        divisor = content(polynomial)
        if not strict and (divisor <= 1 or int(polynomial.get(ONE, 0)) % divisor == 0):
            return row
        tighter, _ = normal(polynomial, ABOVE if strict else AT_LEAST, integral=True)
        return Row(tighter, False, {self.book.note({"sum": origin, "cut": True}): 1})

    def refute(self) -> Origin | None:
        """Look for a row that contradicts the bounds of its columns."""
        for row in self.rows:
            self.book.spend(len(row.polynomial))
            most: Number = 0
            strict = row.strict
            for column, coefficient in row.polynomial.items():
                if column == ONE:
                    most += coefficient
                    continue
                bound = (self.upper if coefficient > 0 else self.lower).get(column)
                if bound is None:
                    break
                most += coefficient * bound.value
                strict = strict or bound.row.strict
            else:
                if most < 0 or (most == 0 and strict):
                    return self._against_bounds(row)
        return None

    def _against_bounds(self, row: Row) -> Origin:
        for column, coefficient in row.polynomial.items():
            if column != ONE:
                bound = (self.upper if coefficient > 0 else self.lower)[column]
                row = meet(row, bound.row, column)
        return row.origin

    def _solve(
        self,
        polynomial: Polynomial,
        origin: Origin,
        waiting: list[tuple[Polynomial, Relation, Origin]],
    ) -> Origin | None:
        """Solve an equation for a column; what had that column goes back to `waiting`."""
        if self.book.all_whole(polynomial):
            divisor = content(polynomial)
            if divisor > 1 and int(polynomial.get(ONE, 0)) % divisor:
                note = self.book.note
                return {  # p >= 0 and -p >= 0, each tightened, leave nothing between them
                    note({"sum": origin, "cut": True}): 1,
                    note({"sum": _negate(origin), "cut": True}): 1,
                }
        column = self._pivot(polynomial)
        pivot = int(polynomial[column])
        if pivot < 0:
            pivot, origin = -pivot, _negate(origin)
            polynomial = {name: -value for name, value in polynomial.items()}
        for other, (others_pivot, equation, source) in list(self.solved.items()):
            if column in equation:
                coefficient = int(equation[column])
                divisor = gcd(pivot, coefficient)
                times, back = pivot // divisor, -coefficient // divisor
                self.book.spend(len(equation) + len(polynomial))
                self.solved[other] = Equation(
                    others_pivot * times,
                    combine(equation, times, polynomial, back),
                    _sum(source, times, origin, back),
                )
        self.solved[column] = Equation(pivot, polynomial, origin)
        moved = [row for row in self.rows if column in row.polynomial]
        if moved:
            self.rows = [row for row in self.rows if column not in row.polynomial]
        for bounds in (self.lower, self.upper):
            bound = bounds.pop(column, None)
            if bound is not None:
                moved.append(bound.row)
        waiting.extend(
            (row.polynomial, ABOVE if row.strict else AT_LEAST, row.origin) for row in moved
        )
        return None

    def _pivot(self, polynomial: Polynomial) -> Column:
        """Choose a column to solve for: one that is free of divisibility and of bounds."""
        best: Column = ONE
        least: tuple[bool, bool, int] | None = None
        for column, value in polynomial.items():
            if column == ONE:
                continue
            bounded = column in self.lower or column in self.upper
            size = abs(int(value)) if self.book.whole(column) else 0
            cost = (size > 1, bounded, size)
            if least is None or cost < least:
                best, least = column, cost
        return best

    def _opposite(self, polynomial: Polynomial) -> Row | None:
        """Find the last row that has the same columns with opposite signs; most claims meet one."""
        column, value = next(item for item in polynomial.items() if item[0] != ONE)
        self.book.spend(len(self.rows) // 8)
        for row in reversed(self.rows):
            other = row.polynomial
            if other.get(column) == -value:
                found = {name: -number for name, number in other.items() if name != ONE}
                found[ONE] = polynomial.get(ONE, 0)
                if not found[ONE]:
                    del found[ONE]
                if found == polynomial:
                    return row
        return None

    def _place(self, row: Row) -> Origin | None:
        """Keep an inequality."""
        row = self.tighten(row)
        polynomial = row.polynomial
        if len(polynomial) - (ONE in polynomial) > 1:
            opposite = self._opposite(polynomial)
            self.rows.append(row)
            if opposite is None:
                return None
            total = polynomial.get(ONE, 0) + opposite.polynomial.get(ONE, 0)
            if total > 0 or (total == 0 and not (row.strict or opposite.strict)):
                return None
            return _sum(row.origin, 1, opposite.origin, 1)
        column = next(name for name in polynomial if name != ONE)
        coefficient, constant = polynomial[column], polynomial.get(ONE, 0)
        value: Number = (
            -constant * coefficient if abs(coefficient) == 1 else Fraction(-constant, coefficient)
        )
        bound = Bound(value, row)
        if coefficient > 0:
            known, facing = self.lower.get(column), self.upper.get(column)
            better = known is None or value > known.value
            empty = facing is not None and facing.value < value
            bounds = self.lower
        else:
            known, facing = self.upper.get(column), self.lower.get(column)
            better = known is None or value < known.value
            empty = facing is not None and facing.value > value
            bounds = self.upper
        if better or (known is not None and value == known.value and row.strict):
            bounds[column] = bound
        if facing is not None:
            touching = facing.value == value and (row.strict or facing.row.strict)
            if empty or touching:
                return meet(row, facing.row, column).origin
        return None


def _negate(origin: Origin) -> Origin:
    return {fact: -value for fact, value in origin.items()}
