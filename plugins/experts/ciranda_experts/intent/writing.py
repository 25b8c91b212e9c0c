"""From a term to its canonical text, which reads as the same term."""

from __future__ import annotations

from typing import Final

from .numeral import write_numeral
from .tree import Literal, Op, Operation, Sort, Term, Variable

__all__ = ["write"]

# How strongly what is written binds: an operand that binds less stands in parentheses.
_RANKS: Final = {
    Op.IMPLIES: 1,
    Op.OR: 2,
    Op.AND: 3,
    Op.NOT: 4,
    Op.EQUAL: 5,
    Op.NOT_EQUAL: 5,
    Op.LESS: 5,
    Op.LESS_EQUAL: 5,
    Op.GREATER: 5,
    Op.GREATER_EQUAL: 5,
    Op.SUM: 6,
    Op.MULTIPLY: 7,
    Op.DIVIDE: 7,
    Op.FLOOR_DIVIDE: 7,
    Op.MODULO: 7,
    Op.NEGATE: 8,
    Op.POWER: 9,
}
_NEGATE, _ATOM = 8, 10
_CALLS: Final = frozenset({Op.MIN, Op.MAX, Op.ABS, Op.ITE})


def write(term: Term) -> str:
    """Return the text of a term.

    Equal terms have equal texts, and, with the sorts of the same variables, different terms have
    different ones.

    Raises:
        ValueError: A constant such as 1/3, which the parser never makes, has no numeral.
    """
    return _written(term)[0]


def _written(term: Term) -> tuple[str, int]:
    """Return the text of a term and how strongly it binds."""
    if isinstance(term, Variable):
        return term.name, _ATOM
    if isinstance(term, Literal):
        return _constant(term)
    op = term.op
    first = term.arguments[0]
    if op in _CALLS:
        return f"{op.value}({', '.join([write(each) for each in term.arguments])})", _ATOM
    rank = _RANKS[op]
    if op is Op.NOT:
        text = f"not {_inside(first, rank)}"
    elif op is Op.NEGATE:
        # A minus before a numeral would become part of it.
        bare = _inside(first, _ATOM)
        text = f"-({bare})" if bare[0].isdigit() else f"-{bare}"
    elif op is Op.POWER:
        text = f"{_inside(first, _ATOM)} ** {write(term.arguments[1])}"
    else:
        text = _joined(term, rank)
    return text, rank


def _constant(term: Literal) -> tuple[str, int]:
    if term.sort is Sort.BOOL:
        return ("true" if term.value else "false"), _ATOM
    numeral = write_numeral(term.value, term.sort)
    return numeral, _NEGATE if numeral[0] == "-" else _ATOM


def _joined(term: Operation, rank: int) -> str:
    """Write what has its operator between its operands."""
    op = term.op
    if op is Op.IMPLIES:
        first, second = term.arguments
        return f"{_inside(first, rank + 1)} => {_inside(second, rank)}"
    # `a / b * c` is a product whose first factor needs no parentheses, but `a * b * c` is one
    # product of three: only a first operand with another operator may stand bare.
    first = term.arguments[0]
    bare = rank + 1
    if rank == _RANKS[Op.MULTIPLY] and isinstance(first, Operation):
        bare = rank if first.op is not Op.MULTIPLY or op is not Op.MULTIPLY else rank + 1
    parts = [_inside(first, bare)]
    for number, each in enumerate(term.arguments[1:], start=1):
        sign = term.signs[number] if op is Op.SUM else op.value
        parts.append(f"{sign} {_inside(each, rank + 1)}")
    return " ".join(parts)


def _inside(term: Term, least: int) -> str:
    text, rank = _written(term)
    return text if rank >= least else f"({text})"
