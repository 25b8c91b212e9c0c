"""Whether an assignment is what a problem asks for: computed, not believed."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ..intent.evaluate import UNDEFINED, Truth, evaluate, holds
from ..intent.tree import Sort
from ..presolve.problem import Problem

__all__ = ["fits", "in_domain"]


def in_domain(problem: Problem, model: Mapping[str, bool | int | Fraction]) -> bool:
    """Say whether every variable has a value of its sort, within its width."""
    half = None if problem.int_bits is None else 1 << (problem.int_bits - 1)
    for name, sort in problem.sorts.items():
        value = model.get(name)
        if value is None or isinstance(value, bool) != (sort is Sort.BOOL):
            return False
        if sort is Sort.INT:
            if not isinstance(value, int) or (half is not None and not -half <= value < half):
                return False
    return True


def fits(problem: Problem, model: Mapping[str, bool | int | Fraction]) -> bool:
    """Say whether an assignment shows that a problem is satisfiable."""
    if not in_domain(problem, model):
        return False
    truth = holds(problem.assume, model, problem.int_bits)
    if problem.undefined:
        return truth is Truth.UNDEFINED
    if truth is not Truth.TRUE:
        return False
    if problem.violate is None:
        return True
    value = evaluate(problem.violate.term, model, problem.int_bits)
    return value is UNDEFINED or value is False
