"""What is wanted of conditions, split into what is wanted of their parts."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeGuard

from ..intent.tree import Literal, Op, Operation, Sort, Term
from .intervals import Box, UnknownError, safely, span, truth

__all__ = ["Goal", "goals_of", "is_equation", "narrowed", "sides_of"]

_REFLEXIVE: Final = frozenset({Op.EQUAL, Op.LESS_EQUAL, Op.GREATER_EQUAL})


class Goal(NamedTuple):
    """A condition, and whether it is to be true or false."""

    term: Term
    wanted: bool


def goals_of(term: Term, *, wanted: bool) -> list[Goal]:
    """Split what is wanted into parts that are wanted each."""
    if isinstance(term, Operation):
        if term.op is Op.NOT:
            return goals_of(term.arguments[0], wanted=not wanted)
        if term.op is (Op.AND if wanted else Op.OR):
            return [one for each in term.arguments for one in goals_of(each, wanted=wanted)]
        if term.op is (Op.EQUAL if wanted else Op.NOT_EQUAL):
            base, other = term.arguments
            if isinstance(other, Literal) and other.sort is not Sort.BOOL and other.value == 0:
                while _is_power(base):
                    base = base.arguments[0]
                return [Goal(Operation(term.op, (base, other), Sort.BOOL), wanted)]
    return [Goal(term, wanted)]


def _is_power(term: Term) -> TypeGuard[Operation]:
    """Say whether a term is 0 only where its base is."""
    if not isinstance(term, Operation) or term.op is not Op.POWER:
        return False
    exponent = term.arguments[1]
    return isinstance(exponent, Literal) and exponent.value > 0


def is_equation(goal: Goal) -> bool:
    """Say whether two numbers are to be equal."""
    term = goal.term
    if not isinstance(term, Operation) or term.arguments[0].sort is Sort.BOOL:
        return False
    return term.op is (Op.EQUAL if goal.wanted else Op.NOT_EQUAL)


def sides_of(term: Term) -> tuple[Term, ...]:
    """Return what a comparison compares."""
    assert isinstance(term, Operation)
    return term.arguments


def narrowed(goal: Goal, box: Box) -> list[Goal]:  # noqa: PLR0911  (one for each operator)
    """Return what is left of a goal where what holds all over a box is taken for granted.

    Every part that is dropped is defined all over the box. What cannot be taken apart is left.

    Raises:
        UnknownError: It cannot hold there.
    """
    term, wanted = goal
    known = safely(term, box)
    if known is not None:
        if known is not wanted:
            raise UnknownError
        return []
    if not isinstance(term, Operation):
        return [goal]
    parts = term.arguments
    match term.op:
        case Op.NOT:
            return narrowed(Goal(parts[0], not wanted), box)
        case Op.AND | Op.OR:
            return _connected([Goal(each, wanted) for each in parts], term.op is Op.OR, box)
        case Op.IMPLIES:
            return _connected([Goal(parts[0], not wanted), Goal(parts[1], wanted)], True, box)
        case Op.ITE:
            return narrowed(Goal(parts[1 if truth(parts[0], box) else 2], wanted), box)
    if parts[0].sort is Sort.BOOL:
        for one, other in (parts, parts[::-1]):
            value = safely(one, box)
            if value is not None:
                alike = (term.op is Op.EQUAL) is wanted
                return narrowed(Goal(other, value is alike), box)
        return [goal]
    return _compared(term, wanted, box)


def _connected(goals: list[Goal], any_of: bool, box: Box) -> list[Goal]:
    """Narrow goals of which all have to hold, or (`any_of` is `wanted`) the one that can."""
    wanted = goals[-1].wanted
    if any_of is not wanted:
        return [one for goal in goals for one in narrowed(goal, box)]
    # All others fail all over the box, so that they are defined and the one is looked at.
    able = [goal for goal in goals if safely(goal.term, box) is not (not goal.wanted)]
    if len(able) != 1:
        raise UnknownError
    return narrowed(able[0], box)


def _compared(term: Operation, wanted: bool, box: Box) -> list[Goal]:
    sides = tuple(_plain(each, box) for each in term.arguments)
    if sides[0] == sides[1]:
        span(sides[0], box)  # or it may be undefined
        if (term.op in _REFLEXIVE) is not wanted:
            raise UnknownError
        return []
    return goals_of(Operation(term.op, sides, Sort.BOOL), wanted=wanted)


def _plain(term: Term, box: Box) -> Term:  # noqa: PLR0911  (as above)
    """Return a number without choices that come out in one way all over a box."""
    if not isinstance(term, Operation):
        return term
    if term.op is Op.ITE:
        chosen = safely(term.arguments[0], box)
        if chosen is None:
            return term
        return _plain(term.arguments[1 if chosen else 2], box)
    parts = tuple(_plain(each, box) for each in term.arguments)
    if term.op is Op.ABS:
        low, high = span(parts[0], box)
        if low >= 0:
            return parts[0]
        if high <= 0:
            return Operation(Op.NEGATE, parts, term.sort)
    elif term.op in (Op.MIN, Op.MAX):
        edges = [span(each, box) for each in parts]
        if term.op is Op.MAX:
            edges = [(-high, -low) for low, high in edges]
        for at, part in enumerate(parts):
            others = edges[:at] + edges[at + 1 :]
            if all(edges[at][1] <= low for low, _ in others):
                return part
    return Operation(term.op, parts, term.sort, term.signs)
