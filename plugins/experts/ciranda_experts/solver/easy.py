"""Pre-solving in a worker, where it may take its time; what it decides needs no z3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final, final

from ..intent.intent import Condition, Section
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.presolve import BUDGET, Presolver
from ..presolve.problem import Answer, Decision, Problem
from .formula import BOOL, CODES, INT, REAL, Answered, fraction, numeral, whole
from .trying import tried

__all__ = ["Easy", "term_of"]

_SORTS: Final = {BOOL: Sort.BOOL, INT: Sort.INT, REAL: Sort.REAL}
_OPS: Final = {CODES[op.value]: op for op in Op}
_VARIABLE, _INT, _REAL = (CODES[name] for name in ("variable", "int", "real"))
_BOOL: Final = CODES["bool"]
_NUMBERS: Final = frozenset(
    {Op.NEGATE, Op.SUM, Op.MULTIPLY, Op.FLOOR_DIVIDE, Op.MODULO, Op.POWER, Op.MIN, Op.MAX, Op.ABS}
)


@final
class Easy:
    """What of the problems of a payload needs no z3.

    Args:
        payload: As `formula.encode` makes it, with `easy`: the effort that it is worth (units of
            the pre-solver), the names of variables, and what the conditions are called. Without
            it nothing is easy. `stop` as of `Solver.decide_all`.
    """

    def __init__(self, payload: dict[str, Any]) -> None:
        self._asked = payload["problems"]
        self._stop = payload["stop"]
        asked: tuple[int, Sequence[str], Sequence[Any]] = payload.get("easy") or (0, (), ())
        self._effort, self._names, places = asked
        self._problems: list[Problem] = []
        if not self._effort:
            return
        names, bits = self._names, payload["bits"]
        sorts = [_SORTS[sort] for sort in payload["sorts"]]
        variables = [Variable(name, sort) for name, sort in zip(names, sorts, strict=True)]
        conditions = [
            Condition("", term_of(program, variables), Section(section), index)
            for program, (section, index) in zip(payload["programs"], places, strict=True)
        ]
        for assume, violate, undefined in self._asked:
            hypotheses = tuple([conditions[each] for each in assume])
            claimed = None if violate < 0 else conditions[violate]
            known = dict(zip(names, sorts, strict=True))
            self._problems.append(Problem(known, bits, hypotheses, claimed, undefined))

    def pre_solved(self) -> list[Answered | None]:
        """Decide what the pre-solver does with its effort; None is what it does not."""
        found: list[Answered | None] = [None] * len(self._asked)
        effort, presolver = self._effort, Presolver()
        for at, problem in enumerate(self._problems):
            if effort <= 0:
                break
            decision = presolver.decide(problem, budget=min(BUDGET, effort))
            effort -= presolver.spent
            if decision is None:
                continue
            assume, violate, undefined = self._asked[at]
            known = (
                problem.assume if problem.violate is None else (*problem.assume, problem.violate)
            )
            indexes = [*assume] if violate < 0 else [*assume, violate]
            places = {one.where: each for one, each in zip(known, indexes, strict=True)}
            found[at] = _answered(decision, places, self._names)
            claims = violate >= 0 or undefined
            if self._stop and claims is (decision.answer is Answer.SATISFIABLE):
                break
        return found

    def tried(self, at: int) -> Answered | None:
        """Look for a small solution of a problem, given by its number."""
        model = tried(self._problems[at]) if self._problems else None
        if model is None:
            return None
        return _answered(Decision(Answer.SATISFIABLE, "model", model=dict(model)), {}, self._names)


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
