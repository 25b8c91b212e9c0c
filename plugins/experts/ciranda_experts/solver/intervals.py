"""Terms over boxes: between which values a number lies, and what a condition is all over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Final, TypeAlias, final

from ..intent.tree import Literal, Op, Sort, Term, Variable

__all__ = ["WORK", "Box", "Interval", "UnknownError", "safely", "span", "truth"]

Interval: TypeAlias = tuple[Fraction, Fraction]

WORK: Final = 300_000  # units of about a microsecond
_BITS: Final = 20_000  # of a bound


@final
class Box(dict[str, "Interval | bool"]):
    """Where variables are; what is calculated about one problem draws on one account."""

    def __init__(self, values: Mapping[str, Interval | bool], account: list[int]) -> None:
        super().__init__(values)
        self._account = account

    def spend(self, bounds: Interval) -> Interval:
        """Count what it took to calculate bounds.

        Raises:
            UnknownError: It takes too much.
        """
        bits = max(
            bound.numerator.bit_length() + bound.denominator.bit_length() for bound in bounds
        )
        self._account[0] -= 5 + (bits * bits >> 18)
        if bits > _BITS or self._account[0] < 0:
            raise UnknownError
        return bounds


class UnknownError(Exception):
    """Intervals do not tell."""


def span(term: Term, box: Box) -> Interval:
    """Return between which values a number lies.

    A term has a range only where it is continuous: what may jump raises, and a choice is made for
    the whole box.
    """
    return box.spend(_bounds(term, box))


def _bounds(term: Term, box: Box) -> Interval:
    if isinstance(term, Literal):
        return Fraction(term.value), Fraction(term.value)
    if isinstance(term, Variable):
        found = box[term.name]
        if isinstance(found, bool):
            raise UnknownError
        return found
    if term.op is Op.ITE:
        chosen = 1 if truth(term.arguments[0], box) else 2
        return span(term.arguments[chosen], box)
    if term.op is Op.POWER:
        base = span(term.arguments[0], box)
        exponent = term.arguments[1]
        assert isinstance(exponent, Literal)
        return _power(base, int(exponent.value))
    rule = _RULES.get(term.op)
    if rule is None:
        raise UnknownError
    parts = [span(each, box) for each in term.arguments]
    if term.op is Op.SUM:
        parts = [
            part if sign == "+" else (-part[1], -part[0])
            for part, sign in zip(parts, term.signs, strict=True)
        ]
    result = parts[0]
    if len(parts) == 1:
        return rule(result, result)
    for part in parts[1:]:
        result = rule(result, part)
    return result


def _multiply(left: Interval, right: Interval) -> Interval:
    corners = [one * other for one in left for other in right]
    return min(corners), max(corners)


def _divide(left: Interval, right: Interval) -> Interval:
    if right[0] <= 0 <= right[1]:
        raise UnknownError
    return _multiply(left, (1 / right[1], 1 / right[0]))


def _floor(left: Interval, right: Interval) -> Interval:
    low, high = (floor(bound) for bound in _divide(left, right))
    if low != high:
        raise UnknownError  # it jumps
    return Fraction(low), Fraction(low)


def _modulo(left: Interval, right: Interval) -> Interval:
    low, high = _multiply(right, _floor(left, right))
    return left[0] - high, left[1] - low


def _absolute(one: Interval, _: Interval) -> Interval:
    low, high = one
    if low <= 0 <= high:
        return Fraction(0), max(-low, high)
    return (low, high) if low > 0 else (-high, -low)


def _power(base: Interval, exponent: int) -> Interval:
    low, high = base
    if exponent % 2 == 0 and low <= 0 <= high:
        top: Fraction = max(-low, high) ** exponent
        return (Fraction(0) if exponent else Fraction(1)), top
    ends = low**exponent, high**exponent
    return min(ends), max(ends)


_RULES: Final[dict[Op, Callable[[Interval, Interval], Interval]]] = {
    Op.SUM: lambda one, other: (one[0] + other[0], one[1] + other[1]),
    Op.NEGATE: lambda one, _: (-one[1], -one[0]),
    Op.MULTIPLY: _multiply,
    Op.DIVIDE: _divide,
    Op.FLOOR_DIVIDE: _floor,
    Op.MODULO: _modulo,
    Op.ABS: _absolute,
    Op.MIN: lambda one, other: (min(one[0], other[0]), min(one[1], other[1])),
    Op.MAX: lambda one, other: (max(one[0], other[0]), max(one[1], other[1])),
}


def safely(term: Term, box: Box) -> bool | None:
    """Return what a condition is all over the box, or None if that is not known."""
    try:
        return truth(term, box)
    except UnknownError:
        return None


def truth(term: Term, box: Box) -> bool:
    """Return what a condition is all over the box, looked at from the left."""
    if isinstance(term, Literal):
        return bool(term.value)
    if isinstance(term, Variable):
        found = box[term.name]
        if not isinstance(found, bool):
            raise UnknownError
        return found
    rule = _CONNECTIVES.get(term.op)
    if rule is not None:
        return rule(term.arguments, box)
    if term.arguments[0].sort is Sort.BOOL:
        first, second = (truth(each, box) for each in term.arguments)
        return (first == second) is (term.op is Op.EQUAL)
    left, right = (span(each, box) for each in term.arguments)
    return _compare(term.op, left, right)


def _chosen(parts: tuple[Term, ...], box: Box) -> bool:
    return truth(parts[1 if truth(parts[0], box) else 2], box)


_CONNECTIVES: Final[dict[Op, Callable[[tuple[Term, ...], Box], bool]]] = {
    Op.NOT: lambda parts, box: not truth(parts[0], box),
    Op.AND: lambda parts, box: all(truth(each, box) for each in parts),
    Op.OR: lambda parts, box: any(truth(each, box) for each in parts),
    Op.IMPLIES: lambda parts, box: not truth(parts[0], box) or truth(parts[1], box),
    Op.ITE: _chosen,
}


def _compare(op: Op, left: Interval, right: Interval) -> bool:
    if op in (Op.GREATER, Op.GREATER_EQUAL):
        left, right = right, left
        op = Op.LESS if op is Op.GREATER else Op.LESS_EQUAL
    if op in (Op.EQUAL, Op.NOT_EQUAL):
        if left[1] < right[0] or right[1] < left[0]:
            return op is Op.NOT_EQUAL
        if left[0] == left[1] == right[0] == right[1]:
            return op is Op.EQUAL
        raise UnknownError
    if left[1] < right[0] or (op is Op.LESS_EQUAL and left[1] <= right[0]):
        return True
    if left[0] > right[1] or (op is Op.LESS and left[0] >= right[1]):
        return False
    raise UnknownError
