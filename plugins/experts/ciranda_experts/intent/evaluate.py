"""What a term means: its exact value under an assignment. All other deciders answer to this."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Final, Literal as Only, TypeAlias

from .intent import Condition
from .tree import Literal, Op, Operation, Sort, Term, Variable

__all__ = ["UNDEFINED", "Truth", "Value", "evaluate", "holds"]


class Truth(Enum):
    """What conditions come to."""

    TRUE = "true"
    FALSE = "false"
    UNDEFINED = "undefined"


UNDEFINED: Final = Truth.UNDEFINED
_Undefined: TypeAlias = Only[Truth.UNDEFINED]
Value: TypeAlias = bool | int | Fraction
_INT, _REAL = Sort.INT, Sort.REAL


def evaluate(
    term: Term, values: Mapping[str, Value], int_bits: int | None = None
) -> Value | _Undefined:
    """Return the value of a term: a `bool`, an `int`, or a `Fraction` for REAL.

    Args:
        term: As the parser makes it.
        values: Of every variable that is looked at.
        int_bits: Width within which variables and sub-expressions of sort INT must stay.

    Raises:
        KeyError: A variable has no value.
    """
    if int_bits is None:
        return _value(term, values, None)
    return _value(term, values, 1 << (int_bits - 1))


def holds(
    conditions: Iterable[Condition], values: Mapping[str, Value], int_bits: int | None = None
) -> Truth:
    """Return what conditions come to, looked at from the left up to the first that is not true.

    Raises:
        KeyError: A variable has no value.
    """
    for condition in conditions:
        value = evaluate(condition.term, values, int_bits)
        if value is UNDEFINED:
            return Truth.UNDEFINED
        if not value:
            return Truth.FALSE
    return Truth.TRUE


_Bound: TypeAlias = int | None  # integers are from -bound to bound - 1
_Rule: TypeAlias = Callable[[Operation, Mapping[str, Value], _Bound], Value | _Undefined]


def _value(term: Term, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    if isinstance(term, Operation):
        return _RULES[term.op](term, values, bound)
    value = values[term.name] if isinstance(term, Variable) else term.value
    sort = term.sort
    if bound is None and sort is not _REAL:
        return value
    return _fit(value, sort, bound)


def _fit(value: Value, sort: Sort, bound: _Bound) -> Value | _Undefined:
    """Return a value as its sort has it, unless a machine integer cannot hold it."""
    if sort is _REAL:
        return value if type(value) is Fraction else Fraction(value)
    if bound is not None and sort is _INT and not -bound <= value < bound:
        return UNDEFINED
    return value


def _all(term: Operation, values: Mapping[str, Value], bound: _Bound) -> list[Value] | None:
    """Return the values of all arguments, or None where one is undefined."""
    found: list[Value] = []
    for each in term.arguments:
        value = _value(each, values, bound)
        if value is UNDEFINED:
            return None
        found.append(value)
    return found


def _negate(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    value = _value(term.arguments[0], values, bound)
    return UNDEFINED if value is UNDEFINED else _fit(0 - value, term.sort, bound)


def _absolute(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    value = _value(term.arguments[0], values, bound)
    return UNDEFINED if value is UNDEFINED else _fit(max(value, 0 - value), term.sort, bound)


def _fold(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    """Add or multiply from the left; what comes before the first real number is integers."""
    found = _all(term, values, bound)
    if found is None:
        return UNDEFINED
    result = found[0]
    whole = term.arguments[0].sort is _INT
    for number in range(1, len(found)):
        operand = found[number]
        if term.op is Op.MULTIPLY:
            result = result * operand
        elif term.signs[number] == "+":
            result = result + operand
        else:
            result = result - operand
        whole = whole and term.arguments[number].sort is _INT
        if whole and bound is not None and not -bound <= result < bound:
            return UNDEFINED
    return _fit(result, term.sort, bound)


def _divide(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    found = _all(term, values, bound)
    if found is None or not found[1]:
        return UNDEFINED
    left, right = found
    if term.op is Op.DIVIDE:
        return Fraction(left) / right
    return _fit(left // right if term.op is Op.FLOOR_DIVIDE else left % right, term.sort, bound)


def _power(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    base, exponent = term.arguments
    value = _value(base, values, bound)
    if value is UNDEFINED:
        return UNDEFINED
    # The exponent belongs to the operator: the width of integers does not bound it.
    assert isinstance(exponent, Literal)
    return _fit(value ** int(exponent.value), term.sort, bound)


def _extreme(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    found = _all(term, values, bound)
    if found is None:
        return UNDEFINED
    return _fit(min(found) if term.op is Op.MIN else max(found), term.sort, bound)


def _choose(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    condition, first, second = term.arguments
    chosen = _value(condition, values, bound)
    if chosen is UNDEFINED:
        return UNDEFINED
    value = _value(first if chosen else second, values, bound)
    return UNDEFINED if value is UNDEFINED else _fit(value, term.sort, bound)


def _compare(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    first, second = term.arguments
    left = _value(first, values, bound)
    if left is UNDEFINED:
        return UNDEFINED
    right = _value(second, values, bound)
    return UNDEFINED if right is UNDEFINED else _COMPARE[term.op](left, right)


def _connect(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    """Decide `and` and `or`: the first argument that decides is the last looked at."""
    decisive = term.op is Op.OR
    for each in term.arguments:
        value = _value(each, values, bound)
        if value is UNDEFINED or value is decisive:
            return value
    return not decisive


def _not(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    value = _value(term.arguments[0], values, bound)
    return UNDEFINED if value is UNDEFINED else not value


def _implies(term: Operation, values: Mapping[str, Value], bound: _Bound) -> Value | _Undefined:
    first, second = term.arguments
    value = _value(first, values, bound)
    if value is UNDEFINED:
        return UNDEFINED
    return _value(second, values, bound) if value else True


_COMPARE: Final[dict[Op, Callable[[Value, Value], bool]]] = {
    Op.EQUAL: operator.eq,
    Op.NOT_EQUAL: operator.ne,
    Op.LESS: operator.lt,
    Op.LESS_EQUAL: operator.le,
    Op.GREATER: operator.gt,
    Op.GREATER_EQUAL: operator.ge,
}
_RULES: Final[dict[Op, _Rule]] = {
    Op.NEGATE: _negate,
    Op.SUM: _fold,
    Op.MULTIPLY: _fold,
    Op.DIVIDE: _divide,
    Op.FLOOR_DIVIDE: _divide,
    Op.MODULO: _divide,
    Op.POWER: _power,
    Op.MIN: _extreme,
    Op.MAX: _extreme,
    Op.ABS: _absolute,
    Op.ITE: _choose,
    Op.AND: _connect,
    Op.OR: _connect,
    Op.NOT: _not,
    Op.IMPLIES: _implies,
    **dict.fromkeys(_COMPARE, _compare),
}
