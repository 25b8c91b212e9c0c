"""Problems made at random, small enough to try every assignment."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ciranda_experts.intent.intent import Condition, Section
from ciranda_experts.intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ciranda_experts.presolve.problem import Problem

BOOL, INT, REAL = Sort.BOOL, Sort.INT, Sort.REAL
REACH = 3
COMPARISONS = (Op.EQUAL, Op.NOT_EQUAL, Op.LESS, Op.LESS_EQUAL, Op.GREATER, Op.GREATER_EQUAL)
NUMERIC = (
    *(Op.SUM, Op.SUM, Op.MULTIPLY, Op.NEGATE, Op.FLOOR_DIVIDE, Op.MODULO, Op.DIVIDE),
    *(Op.MIN, Op.MAX, Op.ABS, Op.ITE, Op.POWER),
)
HALVES = tuple(Fraction(number, 2) for number in range(-4, 5))


def operation(op: Op, *arguments: Term, sort: Sort = BOOL, signs: str = "") -> Operation:
    return Operation(op, arguments, sort, signs)


def number(value: int) -> Literal:
    return Literal(value, INT)


def condition(term: Term, index: int = 0, section: Section = Section.PRE) -> Condition:
    return Condition("", term, section, index)


class Maker:
    """Makes terms over `sorts` from a seed."""

    def __init__(self, rng: random.Random, sorts: dict[str, Sort]) -> None:
        self.rng = rng
        self.sorts = sorts

    def _variable(self, *sorts: Sort) -> Term | None:
        names = [name for name, sort in self.sorts.items() if sort in sorts]
        if not names:
            return None
        name = self.rng.choice(names)
        return Variable(name, self.sorts[name])

    def number(self, depth: int) -> Term:
        rng = self.rng
        if depth <= 0 or rng.random() < 0.25:
            variable = self._variable(INT, REAL) if rng.random() < 0.75 else None
            if variable is not None:
                return variable
            if REAL in self.sorts.values() and rng.random() < 0.3:
                return Literal(rng.choice(HALVES), REAL)
            return number(rng.randint(-REACH, REACH))
        op = rng.choice(NUMERIC)
        if op is Op.ITE:
            first, second = self.number(depth - 1), self.number(depth - 1)
            sort = REAL if REAL in (first.sort, second.sort) else INT
            return operation(op, self.truth(depth - 1), first, second, sort=sort)
        if op is Op.POWER:
            base = self.number(depth - 2)
            return operation(op, base, number(rng.randint(0, 3)), sort=base.sort)
        count = 1 if op in (Op.NEGATE, Op.ABS) else 2
        if op in (Op.SUM, Op.MULTIPLY, Op.MIN, Op.MAX):
            count = rng.randint(2, 3)
        arguments = tuple(self.number(depth - 1) for _ in range(count))
        real = op is Op.DIVIDE or any(one.sort is REAL for one in arguments)
        signs = "+" + "".join(rng.choice("+-") for _ in arguments[1:]) if op is Op.SUM else ""
        return Operation(op, arguments, REAL if real else INT, signs)

    def truth(self, depth: int) -> Term:
        rng = self.rng
        if depth <= 0 and rng.random() < 0.4:
            return self._variable(BOOL) or Literal(rng.random() < 0.5, BOOL)
        if depth <= 0 or rng.random() < 0.5:
            sides = self.number(depth - 1), self.number(depth - 1)
            return operation(rng.choice(COMPARISONS), *sides)
        op = rng.choice((Op.AND, Op.OR, Op.NOT, Op.IMPLIES, Op.EQUAL, Op.NOT_EQUAL, Op.ITE))
        count = {Op.NOT: 1, Op.ITE: 3, Op.AND: rng.randint(2, 3), Op.OR: 3}.get(op, 2)
        return operation(op, *(self.truth(depth - 1) for _ in range(count)))


def random_problem(seed: int, *, real: bool = False) -> Problem:
    """Make a problem whose integers are bounded by its first conditions."""
    rng = random.Random(seed)
    kinds = [INT, INT, INT, BOOL, *([REAL, REAL] if real else [])]
    sorts = {f"v{at}": rng.choice(kinds) for at in range(rng.randint(1, 3))}
    maker = Maker(rng, sorts)
    bits = rng.choice((None, None, 3, 4))
    terms: list[Term] = [
        operation(
            Op.AND,
            operation(Op.LESS_EQUAL, number(-REACH), Variable(name, INT)),
            operation(Op.LESS_EQUAL, Variable(name, INT), number(REACH)),
        )
        for name, sort in sorts.items()
        if sort is INT
    ]
    terms += [maker.truth(rng.randint(1, 3)) for _ in range(rng.randint(0, 3))]
    assume = tuple(condition(term, at) for at, term in enumerate(terms))
    kind = rng.randint(0, 2)
    violate = condition(maker.truth(3), 0, Section.POST) if kind == 1 else None
    return Problem(sorts, bits, assume, violate, undefined=kind == 2)


def assignments(problem: Problem) -> Iterator[dict[str, bool | int | Fraction]]:
    """Yield every assignment of small integers and bools, and some of real numbers."""
    span = range(-REACH, REACH + 1)
    values: dict[Sort, Sequence[bool | int | Fraction]] = {
        BOOL: (False, True),
        INT: span,
        REAL: HALVES,
    }
    names = list(problem.sorts)
    for chosen in itertools.product(*(values[sort] for sort in problem.sorts.values())):
        yield dict(zip(names, chosen, strict=True))
