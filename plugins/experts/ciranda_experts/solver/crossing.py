"""Solutions that no fraction is, such as `x * x == 2`: shown to lie between fractions.

Some variables move, each between two bounds; all others stand still, or follow by an equation such
as `y == x * x` or `x + y == 3`. Everything that is asked holds all over that box, computed with
intervals, but for as many equations as variables move. Each of these belongs to one of the
variables: its left side is smaller than the right one all over the face where that variable is at
one bound, and larger all over the opposite face. Its sides are continuous, so (Poincare and
Miranda; for one variable it is the intermediate value) there is a point in the box where all of
them are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple, TypeAlias, TypeGuard, final

from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.problem import Problem

__all__ = ["Crossing", "crosses"]

_Interval: TypeAlias = tuple[Fraction, Fraction]

_WORK: Final = 300_000  # units of about a microsecond
_BITS: Final = 20_000  # of a bound


@final
class _Box(dict[str, "_Interval | bool"]):
    """Where variables are; what is calculated about one problem draws on one account."""

    def __init__(self, values: Mapping[str, _Interval | bool], account: list[int]) -> None:
        super().__init__(values)
        self._account = account

    def spend(self, bounds: _Interval) -> _Interval:
        """Count what it took to calculate bounds.

        Raises:
            _UnknownError: It takes too much.
        """
        bits = max(
            bound.numerator.bit_length() + bound.denominator.bit_length() for bound in bounds
        )
        self._account[0] -= 5 + (bits * bits >> 18)
        if bits > _BITS or self._account[0] < 0:
            raise _UnknownError
        return bounds


class Crossing(NamedTuple):
    """Where a solution lies: some variables within `spans`, the others at `values`.

    Variables that are in neither follow by an equation.
    """

    spans: Mapping[str, tuple[Fraction, Fraction]]
    values: Mapping[str, bool | int | Fraction]


class _UnknownError(Exception):
    """Intervals do not tell."""


class _Goal(NamedTuple):
    term: Term
    wanted: bool


class _Definition(NamedTuple):
    """A variable has this value by that goal."""

    goal: _Goal
    value: Term


def crosses(problem: Problem, crossing: Crossing) -> bool:
    """Say whether there is a solution of a problem where a crossing says so.

    False means that it is not shown: there may be one all the same.
    """
    if problem.undefined or problem.int_bits is not None or not crossing.spans:
        return False
    for name, (low, high) in crossing.spans.items():
        if problem.sorts.get(name) is not Sort.REAL or low >= high:
            return False
    if not crossing.values.keys() <= problem.sorts.keys() - crossing.spans.keys():
        return False
    goals = [one for each in problem.assume for one in _goals(each.term, wanted=True)]
    if problem.violate is not None:
        goals += _goals(problem.violate.term, wanted=False)
    try:
        return _crosses(problem, crossing, goals)
    except _UnknownError:
        return False


def _crosses(problem: Problem, crossing: Crossing, goals: list[_Goal]) -> bool:
    account = [_WORK]
    fixed: dict[str, _Interval | bool] = {}
    for name, value in crossing.values.items():
        if isinstance(value, bool) != (problem.sorts[name] is Sort.BOOL):
            return False
        if problem.sorts[name] is Sort.INT and not isinstance(value, int):
            return False
        fixed[name] = value if isinstance(value, bool) else (Fraction(value), Fraction(value))
    follow = [name for name in problem.sorts if name not in fixed and name not in crossing.spans]
    followed = _definitions(follow, goals)

    def box(spans: Mapping[str, _Interval]) -> _Box:
        found = _Box({**fixed, **spans}, account)
        for name, definition in followed.items():
            found[name] = _range(definition.value, found)
        return found

    whole = box(crossing.spans)
    used = [definition.goal for definition in followed.values()]
    rest = [goal for goal in goals if goal not in used]
    still = [goal for goal in rest if _safely(goal.term, whole) is not goal.wanted]
    if len(still) != len(crossing.spans) or not all(_is_equation(goal) for goal in still):
        return False
    for goal in still:
        for side in _sides(goal.term):
            _range(side, whole)  # what has one all over the box is continuous there
    for name, (low, high) in crossing.spans.items():
        at_low = box({**crossing.spans, name: (low, low)})
        at_high = box({**crossing.spans, name: (high, high)})
        for goal in still:
            if _sign(goal.term, at_low) * _sign(goal.term, at_high) < 0:
                still.remove(goal)
                break
    return not still


def _goals(term: Term, *, wanted: bool) -> list[_Goal]:
    """Split what is wanted into parts that are wanted each."""
    if isinstance(term, Operation):
        if term.op is Op.NOT:
            return _goals(term.arguments[0], wanted=not wanted)
        if term.op is (Op.AND if wanted else Op.OR):
            return [one for each in term.arguments for one in _goals(each, wanted=wanted)]
        if term.op is (Op.EQUAL if wanted else Op.NOT_EQUAL):
            base, other = term.arguments
            if isinstance(other, Literal) and other.sort is not Sort.BOOL and other.value == 0:
                while _is_power(base):
                    base = base.arguments[0]
                return [_Goal(Operation(term.op, (base, other), Sort.BOOL), wanted)]
    return [_Goal(term, wanted)]


def _is_power(term: Term) -> TypeGuard[Operation]:
    """Say whether a term is 0 only where its base is."""
    if not isinstance(term, Operation) or term.op is not Op.POWER:
        return False
    exponent = term.arguments[1]
    return isinstance(exponent, Literal) and exponent.value > 0


def _is_equation(goal: _Goal) -> bool:
    term = goal.term
    if not isinstance(term, Operation) or term.arguments[0].sort is Sort.BOOL:
        return False
    return term.op is (Op.EQUAL if goal.wanted else Op.NOT_EQUAL)


def _definitions(names: list[str], goals: list[_Goal]) -> dict[str, _Definition]:
    """Return for each name the equation that it follows by, in an order in which it can."""
    left = set(names)
    found: dict[str, _Definition] = {}
    used: list[_Goal] = []
    while left:
        before = len(left)
        for goal in goals:
            if goal in used or not _is_equation(goal):
                continue
            for name in sorted(left & _names(goal.term)):
                value = _isolated(goal.term, name)
                if value is not None and not _names(value) & left:
                    found[name] = _Definition(goal, value)
                    used.append(goal)
                    left.discard(name)
                    break
        if len(left) == before:
            raise _UnknownError
    return found


def _isolated(equation: Term, name: str) -> Term | None:
    """Return what a real variable is by an equation that it stands in once.

    Where that has a range, the equation holds if and only if the variable has this value.
    """
    assert isinstance(equation, Operation)
    side, other = equation.arguments
    if name in _names(other):
        side, other = other, side
        if name in _names(other):
            return None
    while isinstance(side, Operation):
        holders = [one for one in side.arguments if name in _names(one)]
        rest = tuple(one for one in side.arguments if name not in _names(one))
        if len(holders) != 1:
            return None
        if side.op is Op.NEGATE:
            other = Operation(Op.NEGATE, (other,), other.sort)
        elif side.op is Op.SUM:
            at = side.arguments.index(holders[0])
            signs = side.signs[:at] + side.signs[at + 1 :]
            flipped = "".join("-" if sign == "+" else "+" for sign in signs)
            other = Operation(Op.SUM, (other, *rest), Sort.REAL, f"+{flipped}")
            if side.signs[at] == "-":
                other = Operation(Op.NEGATE, (other,), Sort.REAL)
        elif side.op is Op.MULTIPLY:
            factor = rest[0] if len(rest) == 1 else Operation(Op.MULTIPLY, rest, Sort.REAL)
            other = Operation(Op.DIVIDE, (other, factor), Sort.REAL)
        else:
            return None
        side = holders[0]
    return other if isinstance(side, Variable) and side.sort is Sort.REAL else None


def _sides(term: Term) -> tuple[Term, ...]:
    assert isinstance(term, Operation)
    return term.arguments


def _names(term: Term) -> set[str]:
    found: set[str] = set()
    stack = [term]
    while stack:
        part = stack.pop()
        if isinstance(part, Variable):
            found.add(part.name)
        elif isinstance(part, Operation):
            stack += part.arguments
    return found


def _sign(equation: Term, box: _Box) -> int:
    """Return whether the left side is smaller (-1) or larger (1) all over a box; 0 is neither."""
    left, right = (_range(side, box) for side in _sides(equation))
    return (left[0] > right[1]) - (left[1] < right[0])


# Intervals


def _range(term: Term, box: _Box) -> _Interval:
    """Return between which values a number lies.

    A term has a range only where it is continuous: what may jump raises, and a choice is made for
    the whole box.
    """
    return box.spend(_bounds(term, box))


def _bounds(term: Term, box: _Box) -> _Interval:
    if isinstance(term, Literal):
        return Fraction(term.value), Fraction(term.value)
    if isinstance(term, Variable):
        found = box[term.name]
        if isinstance(found, bool):
            raise _UnknownError
        return found
    if term.op is Op.ITE:
        chosen = 1 if _truth(term.arguments[0], box) else 2
        return _range(term.arguments[chosen], box)
    if term.op is Op.POWER:
        base = _range(term.arguments[0], box)
        exponent = term.arguments[1]
        assert isinstance(exponent, Literal)
        return _power(base, int(exponent.value))
    rule = _RULES.get(term.op)
    if rule is None:
        raise _UnknownError
    parts = [_range(each, box) for each in term.arguments]
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


def _multiply(left: _Interval, right: _Interval) -> _Interval:
    corners = [one * other for one in left for other in right]
    return min(corners), max(corners)


def _divide(left: _Interval, right: _Interval) -> _Interval:
    if right[0] <= 0 <= right[1]:
        raise _UnknownError
    return _multiply(left, (1 / right[1], 1 / right[0]))


def _floor(left: _Interval, right: _Interval) -> _Interval:
    low, high = (floor(bound) for bound in _divide(left, right))
    if low != high:
        raise _UnknownError  # it jumps
    return Fraction(low), Fraction(low)


def _modulo(left: _Interval, right: _Interval) -> _Interval:
    low, high = _multiply(right, _floor(left, right))
    return left[0] - high, left[1] - low


def _absolute(one: _Interval, _: _Interval) -> _Interval:
    low, high = one
    if low <= 0 <= high:
        return Fraction(0), max(-low, high)
    return (low, high) if low > 0 else (-high, -low)


def _power(base: _Interval, exponent: int) -> _Interval:
    low, high = base
    if exponent % 2 == 0 and low <= 0 <= high:
        top: Fraction = max(-low, high) ** exponent
        return (Fraction(0) if exponent else Fraction(1)), top
    ends = low**exponent, high**exponent
    return min(ends), max(ends)


_RULES: Final[dict[Op, Callable[[_Interval, _Interval], _Interval]]] = {
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


def _safely(term: Term, box: _Box) -> bool | None:
    try:
        return _truth(term, box)
    except _UnknownError:
        return None


def _truth(term: Term, box: _Box) -> bool:
    """Return what a condition is all over the box, looked at from the left."""
    if isinstance(term, Literal):
        return bool(term.value)
    if isinstance(term, Variable):
        found = box[term.name]
        if not isinstance(found, bool):
            raise _UnknownError
        return found
    rule = _CONNECTIVES.get(term.op)
    if rule is not None:
        return rule(term.arguments, box)
    if term.arguments[0].sort is Sort.BOOL:
        first, second = (_truth(each, box) for each in term.arguments)
        return (first == second) is (term.op is Op.EQUAL)
    left, right = (_range(each, box) for each in term.arguments)
    return _compare(term.op, left, right)


def _chosen(parts: tuple[Term, ...], box: _Box) -> bool:
    return _truth(parts[1 if _truth(parts[0], box) else 2], box)


_CONNECTIVES: Final[dict[Op, Callable[[tuple[Term, ...], _Box], bool]]] = {
    Op.NOT: lambda parts, box: not _truth(parts[0], box),
    Op.AND: lambda parts, box: all(_truth(each, box) for each in parts),
    Op.OR: lambda parts, box: any(_truth(each, box) for each in parts),
    Op.IMPLIES: lambda parts, box: not _truth(parts[0], box) or _truth(parts[1], box),
    Op.ITE: _chosen,
}


def _compare(op: Op, left: _Interval, right: _Interval) -> bool:
    if op in (Op.GREATER, Op.GREATER_EQUAL):
        left, right = right, left
        op = Op.LESS if op is Op.GREATER else Op.LESS_EQUAL
    if op in (Op.EQUAL, Op.NOT_EQUAL):
        if left[1] < right[0] or right[1] < left[0]:
            return op is Op.NOT_EQUAL
        if left[0] == left[1] == right[0] == right[1]:
            return op is Op.EQUAL
        raise _UnknownError
    if left[1] < right[0] or (op is Op.LESS_EQUAL and left[1] <= right[0]):
        return True
    if left[0] > right[1] or (op is Op.LESS and left[0] >= right[1]):
        return False
    raise _UnknownError
