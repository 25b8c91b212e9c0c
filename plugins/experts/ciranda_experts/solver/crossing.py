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

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from ..intent.tree import Op, Operation, Sort, Term, Variable
from ..presolve.problem import Problem
from .intervals import WORK, Box, Interval, UnknownError, span
from .narrowing import Goal, goals_of, is_equation, narrowed, sides_of

__all__ = ["Crossing", "crosses"]


class Crossing(NamedTuple):
    """Where a solution lies: some variables within `spans`, the others at `values`.

    Variables that are in neither follow by an equation.
    """

    spans: Mapping[str, tuple[Fraction, Fraction]]
    values: Mapping[str, bool | int | Fraction]


class _Definition(NamedTuple):
    """A variable has this value by that goal."""

    goal: Goal
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
    goals = [one for each in problem.assume for one in goals_of(each.term, wanted=True)]
    if problem.violate is not None:
        goals += goals_of(problem.violate.term, wanted=False)
    try:
        return _crosses(problem, crossing, goals)
    except UnknownError:
        return False


def _crosses(problem: Problem, crossing: Crossing, goals: list[Goal]) -> bool:
    account = [WORK]
    fixed: dict[str, Interval | bool] = {}
    for name, value in crossing.values.items():
        if isinstance(value, bool) != (problem.sorts[name] is Sort.BOOL):
            return False
        if problem.sorts[name] is Sort.INT and not isinstance(value, int):
            return False
        fixed[name] = value if isinstance(value, bool) else (Fraction(value), Fraction(value))
    follow = [name for name in problem.sorts if name not in fixed and name not in crossing.spans]
    followed = _definitions(follow, goals)

    def box(spans: Mapping[str, Interval]) -> Box:
        found = Box({**fixed, **spans}, account)
        for name, definition in followed.items():
            found[name] = span(definition.value, found)
        return found

    whole = box(crossing.spans)
    used = [definition.goal for definition in followed.values()]
    rest = [goal for goal in goals if goal not in used]
    still = [one for goal in rest for one in narrowed(goal, whole)]
    if len(still) != len(crossing.spans) or not all(is_equation(goal) for goal in still):
        return False
    for goal in still:
        for side in sides_of(goal.term):
            span(side, whole)  # what has one all over the box is continuous there
    for name, (low, high) in crossing.spans.items():
        at_low = box({**crossing.spans, name: (low, low)})
        at_high = box({**crossing.spans, name: (high, high)})
        for goal in still:
            if _sign(goal.term, at_low) * _sign(goal.term, at_high) < 0:
                still.remove(goal)
                break
    return not still


def _definitions(names: list[str], goals: list[Goal]) -> dict[str, _Definition]:
    """Return for each name the equation that it follows by, in an order in which it can."""
    left = set(names)
    found: dict[str, _Definition] = {}
    used: list[Goal] = []
    while left:
        before = len(left)
        for goal in goals:
            if goal in used or not is_equation(goal):
                continue
            for name in sorted(left & _names(goal.term)):
                value = _isolated(goal.term, name)
                if value is not None and not _names(value) & left:
                    found[name] = _Definition(goal, value)
                    used.append(goal)
                    left.discard(name)
                    break
        if len(left) == before:
            raise UnknownError
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


def _sign(equation: Term, box: Box) -> int:
    """Return whether the left side is smaller (-1) or larger (1) all over a box; 0 is neither."""
    left, right = (span(side, box) for side in sides_of(equation))
    return (left[0] > right[1]) - (left[1] < right[0])
