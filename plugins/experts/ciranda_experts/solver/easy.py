"""Pre-solving in a worker, where it may take its time; what it decides needs no z3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from ..intent.intent import Condition, Section
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.presolve import BUDGET, Presolver
from ..presolve.problem import Answer, Decision, Problem
from .formula import BOOL, CODES, INT, REAL, Answered, fraction, numeral, whole

__all__ = ["pre_solved", "term_of"]

_SORTS: Final = {BOOL: Sort.BOOL, INT: Sort.INT, REAL: Sort.REAL}
_OPS: Final = {CODES[op.value]: op for op in Op}
_VARIABLE, _INT, _REAL = (CODES[name] for name in ("variable", "int", "real"))
_BOOL: Final = CODES["bool"]
_NUMBERS: Final = frozenset(
    {Op.NEGATE, Op.SUM, Op.MULTIPLY, Op.FLOOR_DIVIDE, Op.MODULO, Op.POWER, Op.MIN, Op.MAX, Op.ABS}
)


def pre_solved(payload: dict[str, Any]) -> list[Answered | None]:
    """Decide what is easy of the problems of a payload; None is what is not.

    Args:
        payload: As `formula.encode` makes it, with `easy`: the effort that it is worth (units of
            the pre-solver), the names of variables, and what the conditions are called. Without
            it everything is None. `stop` as of `Solver.decide_all`.
    """
    asked = payload["problems"]
    found: list[Answered | None] = [None] * len(asked)
    if payload.get("easy") is None:
        return found
    effort, names, places = payload["easy"]
    sorts = [_SORTS[sort] for sort in payload["sorts"]]
    variables = [Variable(name, sort) for name, sort in zip(names, sorts, strict=True)]
    conditions = [
        Condition("", term_of(program, variables), Section(section), index)
        for program, (section, index) in zip(payload["programs"], places, strict=True)
    ]
    presolver = Presolver()
    for at, (assume, violate, undefined) in enumerate(asked):
        if effort <= 0:
            break
        problem = Problem(
            dict(zip(names, sorts, strict=True)),
            payload["bits"],
            tuple([conditions[each] for each in assume]),
            None if violate < 0 else conditions[violate],
            undefined,
        )
        decision = presolver.decide(problem, budget=min(BUDGET, effort))
        effort -= presolver.spent
        if decision is None:
            continue
        places_of = [*assume] if violate < 0 else [*assume, violate]
        found[at] = _answered(decision, {conditions[each].where: each for each in places_of}, names)
        claims = violate >= 0 or undefined
        if payload["stop"] and claims is (decision.answer is Answer.SATISFIABLE):
            break
    return found


def _answered(decision: Decision, places: dict[str, int], names: Sequence[str]) -> Answered:
    model = decision.model
    if model is None:
        core = [places[where] for where in decision.core]
        return Answered(-1, decision.method, core=core, certificate=decision.certificate)
    values: list[Any] = []
    for name in names:
        value = model.get(name, 0)
        if isinstance(value, Fraction):
            values.append((numeral(value.numerator), numeral(value.denominator)))
        else:
            values.append(value if isinstance(value, bool) else numeral(value))
    return Answered(1, decision.method, values)


def term_of(program: Sequence[int | str], variables: Sequence[Variable]) -> Term:
    """Return the term of which `formula.program` is the flat list."""
    stack: list[Term] = []
    tokens: Iterator[Any] = iter(program)
    for code in tokens:
        operand = next(tokens)
        if code == _VARIABLE:
            stack.append(variables[operand])
        elif code == _INT:
            stack.append(Literal(whole(operand), Sort.INT))
        elif code == _REAL:
            stack.append(Literal(fraction(operand, next(tokens)), Sort.REAL))
        elif code == _BOOL:
            stack.append(Literal(bool(operand), Sort.BOOL))
        else:
            op = _OPS[code]
            count = len(operand) if op is Op.SUM else operand
            arguments = tuple(stack[-count:])
            del stack[-count:]
            signs = operand if op is Op.SUM else ""
            stack.append(Operation(op, arguments, _sort(op, arguments), signs))
    (term,) = stack
    return term


def _sort(op: Op, arguments: Sequence[Term]) -> Sort:
    if op is Op.DIVIDE:
        return Sort.REAL
    if op is Op.ITE:
        arguments = arguments[1:]
    elif op is Op.POWER:
        arguments = arguments[:1]
    elif op not in _NUMBERS:
        return Sort.BOOL
    sorts = [each.sort for each in arguments]
    return sorts[0] if all(sort is sorts[0] for sort in sorts) else Sort.REAL
