"""Deciding linear facts: cheap points first, then Fourier and Motzkin's elimination."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from .book import Origin
from .linear import Relation, Row, System, decided, meet
from .polynomial import ONE, Column, Number, Polynomial

__all__ = ["Point", "between", "complete", "eliminate", "near", "value_at"]

Point: TypeAlias = dict[Column, Number]
Edge: TypeAlias = tuple[Number, bool]  # a bound, and whether it is itself outside

MAX_ROWS = 160
REPAIRS = 3


def value_at(polynomial: Polynomial, point: Point) -> Number:
    """Give the value of a polynomial whose columns all have one."""
    total: Number = 0
    for column, coefficient in polynomial.items():
        total += coefficient if column == ONE else coefficient * point[column]
    return total


def near(system: System, wishes: Sequence[int], others: Sequence[Column]) -> Point | None:
    """Look for values of the columns that are not solved, as near to the wishes as bounds allow.

    `others` are columns that shall have a value besides those that the system has.

    Rows that do not hold are mended by moving one column, a few times over.
    """
    point: Point = {}
    for index, column in enumerate(dict.fromkeys([*_free(system), *others])):
        wish = wishes[index % len(wishes)]
        value = between(system, column, wish)
        if value is None:
            return None
        point[column] = value
    for _ in range(REPAIRS):
        broken = False
        for polynomial, strict, _origin in system.rows:
            system.book.spend(len(polynomial))
            slack = value_at(polynomial, point)
            if slack < 0 or (strict and slack == 0):
                broken = True
                if not _mend(system, point, polynomial, slack, strict):
                    return None
        if not broken:
            return point
    return None


def complete(system: System, point: Point) -> Point | None:
    """Add the values of the solved columns; None when one would have to be whole and is not."""
    full = dict(point)
    for column, (pivot, equation, _) in system.solved.items():
        system.book.spend(len(equation))
        rest: Number = 0
        for other, coefficient in equation.items():
            if other == ONE:
                rest += coefficient
            elif other != column:
                rest += coefficient * full.setdefault(other, 0)
        value: Number = -rest
        if pivot != 1:
            value = _exact(Fraction(value) / pivot)
        if type(value) is not int and value.denominator != 1 and system.book.whole(column):
            return None
        full[column] = value
    return full


def eliminate(system: System) -> tuple[Origin | None, Point | None]:
    """Decide the rows and bounds of a system.

    Returns:
        A sum of facts that cannot be, or values of the columns that are not solved; neither when
        it would take too many rows, or when no whole number was met though fractions fit.
    """
    spend = system.book.spend
    rows = [*system.rows]
    rows += [bound.row for bound in (*system.lower.values(), *system.upper.values())]
    order: list[tuple[Column, list[Row]]] = []
    while rows:
        column, above, below = _cheapest(rows)
        if column is None:
            break
        order.append((column, above + below))
        kept = [row for row in rows if column not in row.polynomial]
        if len(kept) + len(above) * len(below) > MAX_ROWS:
            return None, None
        for first in above:
            for second in below:
                row = system.tighten(meet(first, second, column))
                spend(4 * (len(row.polynomial) + len(row.origin)))
                holds = decided(row.polynomial, _relation(row))
                if holds is False:
                    return row.origin, None
                if holds is None:
                    kept.append(row)
        rows = _strongest(kept)
    return None, _substitute(system, order)


def _relation(row: Row) -> Relation:
    return Relation.ABOVE if row.strict else Relation.AT_LEAST


def _cheapest(rows: list[Row]) -> tuple[Column | None, list[Row], list[Row]]:
    """Choose the column whose elimination makes the fewest rows."""
    above: dict[Column, list[Row]] = {}
    below: dict[Column, list[Row]] = {}
    for row in rows:
        for column, coefficient in row.polynomial.items():
            if column != ONE:
                (above if coefficient > 0 else below).setdefault(column, []).append(row)
    best: Column | None = None
    least = 0
    for column in above | below:
        up, down = len(above.get(column, ())), len(below.get(column, ()))
        cost = up * down - up - down
        if best is None or cost < least:
            best, least = column, cost
    return best, above.get(best or ONE, []), below.get(best or ONE, [])


def _strongest(rows: list[Row]) -> list[Row]:
    """Drop rows that another with the same coefficients implies."""
    kept: dict[frozenset[tuple[Column, Number]], Row] = {}
    for row in rows:
        key = frozenset(item for item in row.polynomial.items() if item[0] != ONE)
        known = kept.get(key)
        if known is not None:
            old, new = known.polynomial.get(ONE, 0), row.polynomial.get(ONE, 0)
            if old < new or (old == new and known.strict >= row.strict):
                continue
        kept[key] = row
    return list(kept.values())


def _substitute(system: System, order: list[tuple[Column, list[Row]]]) -> Point | None:
    """Give values to the eliminated columns, the last first, each as near to 0 as it may be."""
    point: Point = dict.fromkeys(_free(system), 0)
    for column, rows in reversed(order):
        lower: Edge | None = None
        upper: Edge | None = None
        for polynomial, strict, _origin in rows:
            coefficient = polynomial[column]
            point[column] = 0
            edge: Number = -value_at(polynomial, point)
            if abs(coefficient) == 1:
                edge *= coefficient
            else:
                edge = _exact(Fraction(edge) / coefficient)
            if coefficient > 0:
                if lower is None or (edge, strict) > lower:
                    lower = (edge, strict)
            elif upper is None or (edge, not strict) < (upper[0], not upper[1]):
                upper = (edge, strict)
        value = _choose(lower, upper, 0, system.book.whole(column))
        if value is None:
            return None
        point[column] = value
    return point


def _free(system: System) -> list[Column]:
    """List the columns that are not solved."""
    columns: dict[Column, None] = dict.fromkeys(system.lower)
    columns.update(dict.fromkeys(system.upper))
    for row in system.rows:
        columns.update(dict.fromkeys(row.polynomial))
    for _, equation, _ in system.solved.values():
        columns.update(dict.fromkeys(equation))
    return [column for column in columns if column != ONE and column not in system.solved]


def between(system: System, column: Column, wish: int) -> Number | None:
    """Give the value of a column that is nearest to a wish, as far as its bounds tell."""
    lower, upper = system.lower.get(column), system.upper.get(column)
    return _choose(
        None if lower is None else (lower.value, lower.row.strict),
        None if upper is None else (upper.value, upper.row.strict),
        wish,
        system.book.whole(column),
    )


def _choose(lower: Edge | None, upper: Edge | None, wish: Number, whole: bool) -> Number | None:
    """Choose a value between two edges."""
    if whole:
        if lower is not None:
            value, strict = lower
            wish = max(wish, floor(value) + 1 if strict else ceil(value))
        if upper is not None:
            value, strict = upper
            most = ceil(value) - 1 if strict else floor(value)
            if most < wish:
                wish = most
                lower = lower or (most, False)
                return wish if (wish > lower[0] or (wish == lower[0] and not lower[1])) else None
        return _exact(wish)
    tries: list[Number] = [wish]
    if lower is not None:
        tries += [lower[0], lower[0] + 1]
    if upper is not None:
        tries += [upper[0], upper[0] - 1]
    if lower is not None and upper is not None:
        tries.append((Fraction(lower[0]) + upper[0]) / 2)
    for value in tries:
        if lower is not None and (value < lower[0] or (lower[1] and value == lower[0])):
            continue
        if upper is not None and (value > upper[0] or (upper[1] and value == upper[0])):
            continue
        return _exact(value)
    return None


def _mend(
    system: System, point: Point, polynomial: Polynomial, slack: Number, strict: bool
) -> bool:
    """Move the first column that can make a row hold by itself."""
    for column, coefficient in polynomial.items():
        if column == ONE:
            continue
        size = abs(int(coefficient))
        step: Number
        if system.book.whole(column):
            step = -(slack // size) + (1 if strict and slack % size == 0 else 0)
        else:
            step = Fraction(-slack) / size + (1 if strict else 0)
        wish = point[column] + (step if coefficient > 0 else -step)
        bound = (system.upper if coefficient > 0 else system.lower).get(column)
        if bound is not None:
            room = bound.value - wish if coefficient > 0 else wish - bound.value
            if room < 0 or (room == 0 and bound.row.strict):
                continue
        point[column] = _exact(wish)
        return True
    return False


def _exact(value: Number) -> Number:
    """Make an integer of a fraction that is one."""
    if type(value) is Fraction and value.denominator == 1:
        return value.numerator
    return value
