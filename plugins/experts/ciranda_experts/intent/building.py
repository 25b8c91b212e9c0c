"""Terms from their parts: what has which sort, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from . import limits
from .error import FaultKind
from .numeral import read_numeral
from .tokens import is_whole, shown
from .tree import Op, Operation, Sort, Term

__all__ = ["BUILD", "FUNCTIONS", "Run", "Wrong", "build_function", "power"]

# Operands of one operator (or of several that bind alike) as far as they are read: how strongly
# it binds, the operator, the terms before it, and at which tokens the operators stand.
Run: TypeAlias = tuple[int, Op | None, list[Term], list[int]]

FUNCTIONS: Final = {op.value: op for op in (Op.MIN, Op.MAX, Op.ABS, Op.ITE)}
_BOOL, _INT, _REAL = Sort.BOOL, Sort.INT, Sort.REAL
_COMPARISONS: Final = {
    op.value: op
    for op in (Op.EQUAL, Op.NOT_EQUAL, Op.LESS, Op.LESS_EQUAL, Op.GREATER, Op.GREATER_EQUAL)
}
_OF_ANY: Final = frozenset({"==", "!="})


class Wrong(Exception):  # noqa: N818  (what happened, until the parser says where)
    """A fault at a token; `mark` is its number."""

    def __init__(self, message: str, mark: int, kind: FaultKind = FaultKind.MALFORMED) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark
        self.kind = kind


def power(base: Term, tokens: list[str], mark: int) -> Term:
    """Return `base ** n`, whose `**` is token `mark`."""
    token = tokens[mark + 1]
    if not is_whole(token):
        message = "the exponent after `**` must be a whole number such as 2, written out"
        raise Wrong(message, mark + 1)
    if tokens[mark + 2] == "**":
        raise Wrong("it is not clear which power of a power is meant: write parentheses", mark + 2)
    if base.sort is _BOOL:
        raise Wrong("`**` takes a number, and a condition stands before it", mark)
    if len(token) > 1 and token[0] == "0":
        raise Wrong(f"`{shown(token)}` is not a number: remove the zeros before it", mark + 1)
    if len(token) > len(str(limits.CONSTANT_BITS)):
        message = f"the exponent `{shown(token)}` is too large: use a smaller one"
        raise Wrong(message, mark + 1, FaultKind.LIMIT)
    return Operation(Op.POWER, (base, read_numeral(token)), base.sort)


def build_function(op: Op, terms: list[Term], mark: int, tokens: list[str]) -> Term:
    """Return a call of `min`, `max`, `abs` or `ite`, whose name is token `mark`."""
    name = tokens[mark]
    count = len(terms)
    if op is Op.ITE:
        if count != 3:  # noqa: PLR2004  (condition, then, else)
            raise Wrong(f"`ite` takes 3 arguments and was given {count}", mark)
        if terms[0].sort is not _BOOL:
            raise Wrong("the first argument of `ite` must be a condition", mark)
        first, second = terms[1].sort, terms[2].sort
        if (first is _BOOL) is not (second is _BOOL):
            message = "`ite` chooses between two numbers or two conditions, not one of each"
            raise Wrong(message, mark)
        return Operation(op, tuple(terms), first if first is second else _REAL)
    if op is Op.ABS:
        if count != 1:
            raise Wrong(f"`abs` takes 1 argument and was given {count}", mark)
    elif count == 1:
        raise Wrong(f"`{name}` takes 2 arguments or more and was given 1", mark)
    return Operation(op, tuple(terms), _number(terms, name, mark))


def _number(terms: list[Term], written: str, mark: int) -> Sort:
    """Return the sort of numbers calculated together, and refuse conditions among them."""
    result = _INT
    for term in terms:
        sort = term.sort
        if sort is not _INT:
            if sort is _BOOL:
                raise Wrong(f"`{written}` takes numbers, and one of these is a condition", mark)
            result = _REAL
    return result


def _sum(run: Run, last: Term, tokens: list[str]) -> Term:
    _, _, terms, marks = run
    terms.append(last)
    sort = _number(terms, tokens[marks[0]], marks[0])
    signs = "+" + "".join([tokens[mark] for mark in marks])
    return Operation(Op.SUM, tuple(terms), sort, signs)


def _product(run: Run, last: Term, tokens: list[str]) -> Term:
    _, op, terms, marks = run
    terms.append(last)
    sort = _number(terms, tokens[marks[0]], marks[0])
    assert op is not None
    return Operation(op, tuple(terms), _REAL if op is Op.DIVIDE else sort)


def _negation(run: Run, last: Term, tokens: list[str]) -> Term:
    mark = run[3][0]
    return Operation(Op.NEGATE, (last,), _number([last], tokens[mark], mark))


def _compare(left: Term, right: Term, mark: int, tokens: list[str]) -> Term:
    written = tokens[mark]
    if left.sort is _BOOL or right.sort is _BOOL:
        if left.sort is not right.sort:
            raise Wrong(f"`{written}` compares a number with a condition", mark)
        if written not in _OF_ANY:
            raise Wrong(f"`{written}` takes numbers, and these are conditions", mark)
    return Operation(_COMPARISONS[written], (left, right), _BOOL)


def _comparison(run: Run, last: Term, tokens: list[str]) -> Term:
    _, _, terms, marks = run
    if len(marks) == 1:
        return _compare(terms[0], last, marks[0], tokens)
    terms.append(last)
    links = [
        _compare(terms[number], terms[number + 1], mark, tokens)
        for number, mark in enumerate(marks)
    ]
    return Operation(Op.AND, tuple(links), _BOOL)


def _logic(run: Run, last: Term, tokens: list[str]) -> Term:
    _, op, terms, marks = run
    terms.append(last)
    for number, term in enumerate(terms):
        if term.sort is not _BOOL:
            mark = marks[max(number - 1, 0)]
            raise Wrong(f"`{tokens[mark]}` takes conditions, and a number stands beside it", mark)
    assert op is not None
    if op is not Op.IMPLIES:
        return Operation(op, tuple(terms), _BOOL)
    if len(terms) > limits.DEPTH:
        message = f"the condition is nested more than {limits.DEPTH} deep: split it"
        raise Wrong(message, marks[0], FaultKind.LIMIT)
    result = terms.pop()
    while terms:
        result = Operation(Op.IMPLIES, (terms.pop(), result), _BOOL)
    return result


def _not(run: Run, last: Term, tokens: list[str]) -> Term:
    mark = run[3][0]
    if last.sort is not _BOOL:
        raise Wrong(f"`{tokens[mark]}` takes a condition, and a number stands after it", mark)
    return Operation(Op.NOT, (last,), _BOOL)


_Builder: TypeAlias = Callable[[Run, Term, list[str]], Term]

# By how strongly operators bind, as grammar.py numbers them.
BUILD: Final[tuple[_Builder, ...]] = (
    _not,  # 0 is an open parenthesis, which nobody builds
    _logic,
    _logic,
    _logic,
    _not,
    _comparison,
    _sum,
    _product,
    _negation,
)
