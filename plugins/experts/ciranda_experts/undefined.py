"""Whether conditions contradict each other only because one of them is never defined."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from .facts import undefined_part
from .intent.intent import Condition
from .intent.tree import Op, Operation, Sort, Term, Variable
from .presolve.presolve import presolve
from .presolve.problem import Answer, Problem

__all__ = ["NeverDefined", "never_defined_of"]


class NeverDefined(NamedTuple):
    """A condition that is undefined whenever those before it hold, and why in a few words."""

    condition: Condition
    why: str


def never_defined_of(problem: Problem, core: Collection[str]) -> NeverDefined | None:
    """Return the assumption that is never defined, where that is why they cannot hold.

    Everything is shown by the pre-solver: what is not easy is None.

    Args:
        problem: Whose assumptions cannot hold together.
        core: Names of those that contradict each other.
    """
    at = max((at for at, one in enumerate(problem.assume) if one.where in core), default=None)
    if at is None:
        return None
    last, before = problem.assume[at], problem.assume[:at]
    possible = presolve(_restricted(problem, before))
    if possible is None or possible.answer is not Answer.SATISFIABLE or possible.model is None:
        return None
    # It is true wherever the condition is defined, true or false.
    term = Operation(Op.OR, (last.term, Operation(Op.NOT, (last.term,), Sort.BOOL)), Sort.BOOL)
    either = msgspec.structs.replace(last, term=term)
    defined = presolve(_restricted(problem, (*before, either)))
    if defined is None or defined.answer is not Answer.UNSATISFIABLE:
        return None
    values = {
        name: sort is not Sort.BOOL and 0 for name, sort in _sorts_of(last.term).items()
    } | possible.model
    return NeverDefined(last, undefined_part(last, values, problem.int_bits))


def _restricted(problem: Problem, assume: tuple[Condition, ...]) -> Problem:
    sorts: dict[str, Sort] = {}
    for condition in assume:
        sorts |= _sorts_of(condition.term)
    kept = {name: sort for name, sort in problem.sorts.items() if name in sorts}
    return Problem(kept, problem.int_bits, assume)


def _sorts_of(term: Term) -> dict[str, Sort]:
    found: dict[str, Sort] = {}
    stack = [term]
    while stack:
        part = stack.pop()
        if isinstance(part, Variable):
            found[part.name] = part.sort
        elif isinstance(part, Operation):
            stack.extend(part.arguments)
    return found
