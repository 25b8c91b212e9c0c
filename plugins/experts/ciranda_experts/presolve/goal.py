"""Goals: what one branch of a search takes to be so, and where in the problem that stands.

Places are named by paths, the same ones by which a certificate names them (see `certificate`).
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

from ..intent.tree import Op, Operation, Sort, Term
from .linear import Relation
from .polynomial import ONE, Polynomial, combine, product, scale
from .problem import DIVISIONS, can_be_undefined
from .value import Values, constant

__all__ = ["Alternative", "Fact", "Goal", "Mode", "Split", "definitions", "integers", "undefined"]


class Mode(Enum):
    """What is taken to be so of a term."""

    TRUE = "defined and true"
    FALSE = "defined and false"
    DEFINED = "defined"
    UNDEFINED = "undefined"


class Goal(NamedTuple):
    """A term is so."""

    mode: Mode
    term: Term
    path: str


class Fact(NamedTuple):
    """A polynomial compares with 0."""

    polynomial: Polynomial
    relation: Relation
    path: str


class Split(NamedTuple):
    """One of these holds; None stands for one that is false by itself."""

    path: str
    alternatives: list[list[Goal | Fact | Split] | None]


Alternative: TypeAlias = list[Goal | Fact | Split]
EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE


def definitions(values: Values, term: Operation, path: str) -> Alternative:
    """Say what the column of an operation means, where its arguments are defined."""
    if term.op in (Op.MIN, Op.MAX, Op.ABS):
        return _extreme(values, term, path)
    if term.op is Op.DIVIDE:
        left, right = map(values.of, term.arguments)
        column = values.of(term)
        if constant(right) is not None:
            return []
        return [Fact(combine(product(column, right), 1, left, -1), EQUAL, f"{path}/0")]
    if term.op in DIVISIONS:
        return _quotient(values, term, path)
    return []


def _extreme(values: Values, term: Operation, path: str) -> Alternative:
    column = values.of(term)
    if constant(column) is not None:
        return []
    arguments = [values.of(argument) for argument in term.arguments]
    if term.op is Op.ABS:
        arguments.append(scale(arguments[0], -1))
    sign = -1 if term.op is Op.MIN else 1
    found: Alternative = [
        Fact(combine(column, sign, argument, -sign), AT_LEAST, f"{path}/{index}")
        for index, argument in enumerate(arguments)
    ]
    place = f"{path}/{len(arguments)}"
    found.append(
        Split(
            place,
            [
                [Fact(combine(column, 1, argument, -1), EQUAL, f"{place}/{index}")]
                for index, argument in enumerate(arguments)
            ],
        )
    )
    return found


def _quotient(values: Values, term: Operation, path: str) -> Alternative:
    column = values.quotient(term)
    left, right = map(values.of, term.arguments)
    number = constant(right)
    if constant(column) is not None or number == 0:
        return []
    rest = combine(left, 1, product(column, right), -1)  # of the sign of the divisor, or 0

    def facts(sign: int, place: str, first: int) -> Alternative:
        return [
            Fact(scale(rest, sign), AT_LEAST, f"{place}/{first}"),
            Fact(combine(scale(right, sign), 1, rest, -sign), ABOVE, f"{place}/{first + 1}"),
        ]

    if number is not None:
        return facts(1 if number > 0 else -1, path, 0)
    return [
        Split(
            path,
            [
                [Fact(right, ABOVE, f"{path}/0/0"), *facts(1, f"{path}/0", 1)],
                [Fact(scale(right, -1), ABOVE, f"{path}/1/0"), *facts(-1, f"{path}/1", 1)],
            ],
        )
    ]


def integers(values: Values, term: Operation) -> list[Polynomial]:
    """List the integers that a term computes, where machine integers are meant.

    Those are its value, and for a sum or product the results on the way.
    """
    if values.int_bits is None:
        return []
    if term.op not in (Op.SUM, Op.MULTIPLY):
        whole = term.sort is Sort.INT and term.op is not Op.ITE
        return [values.of(term)] if whole else []
    found: list[Polynomial] = []
    for count, argument in enumerate(term.arguments, start=1):
        if argument.sort is not Sort.INT:
            break
        if count > 1:
            values.book.spend(10 + count)
            part = Operation(term.op, term.arguments[:count], Sort.INT, term.signs[:count])
            found.append(values.of(part))
    return found


def undefined(values: Values, term: Term, path: str) -> list[Alternative | None]:
    """List the ways in which a numeric operation may be undefined."""
    assert isinstance(term, Operation)
    bits = values.int_bits
    ways: list[Alternative | None] = [
        [Goal(Mode.UNDEFINED, argument, f"{path}/{index}")]
        if can_be_undefined(argument, bits)
        else None
        for index, argument in enumerate(term.arguments)
    ]
    count = len(term.arguments)

    def defined(place: str) -> Alternative:
        return [
            Goal(Mode.DEFINED, argument, f"{place}/{index}")
            for index, argument in enumerate(term.arguments)
        ]

    way: Alternative | None = None
    if term.op in DIVISIONS:
        divisor = values.of(term.arguments[1])
        if not constant(divisor):
            way = [Fact(divisor, EQUAL, f"{path}/{count}"), *defined(f"{path}/{count}")]
    ways.append(way)
    way = None
    within = integers(values, term)
    if within:
        assert bits is not None
        place = f"{path}/{count + 1}"
        half = 1 << (bits - 1)
        outside: list[Alternative | None] = []
        for integer in within:
            spot = f"{place}/{count + 1}/{len(outside)}"
            outside.append([Fact(combine(integer, 1, {ONE: 1}, -half), AT_LEAST, spot)])
            spot = f"{place}/{count + 1}/{len(outside)}"
            outside.append([Fact(combine(integer, -1, {ONE: 1}, -half), ABOVE, spot)])
        way = [
            *defined(place),
            *definitions(values, term, f"{place}/{count}"),
            Split(f"{place}/{count + 1}", outside),
        ]
    ways.append(way)
    return ways
