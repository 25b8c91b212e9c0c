"""Whether an assignment answers a problem with yes, by the reference semantics alone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from ..intent.evaluate import Truth, evaluate, holds
from ..intent.measure import work_of
from ..intent.tree import Sort
from .problem import Problem

__all__ = ["witnesses"]

_USUAL: Final = 64  # bits of a number; limits of intents see to it that these take no time
_WORK: Final = 50_000  # nodes for numbers that are larger


def witnesses(problem: Problem, model: Mapping[str, bool | int | Fraction]) -> bool:
    """Say whether a model is what a problem asks for; trust nothing in it.

    A value for every variable of the right sort (and width) is needed. Values that are so large
    that calculating with them takes long show nothing.
    """
    for name, sort in problem.sorts.items():
        if not _fits(model.get(name), sort, problem.int_bits):
            return False
    if _takes_long(problem, model):
        return False
    truth = holds(problem.assume, model, problem.int_bits)
    if problem.undefined:
        return truth is Truth.UNDEFINED
    if truth is not Truth.TRUE:
        return False
    if problem.violate is None:
        return True
    return evaluate(problem.violate.term, model, problem.int_bits) is not True


def _takes_long(problem: Problem, model: Mapping[str, bool | int | Fraction]) -> bool:
    sizes: dict[str, int] = {}
    for name, value in model.items():
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        if bits > _USUAL + 1:
            sizes[name] = bits
    if not sizes:
        return False
    conditions = problem.assume
    if problem.violate is not None:
        conditions = (*conditions, problem.violate)
    return sum(work_of(condition.term, sizes) for condition in conditions) > _WORK


def _fits(value: bool | int | Fraction | None, sort: Sort, int_bits: int | None) -> bool:
    if sort is Sort.BOOL or isinstance(value, bool):
        return sort is Sort.BOOL and isinstance(value, bool)
    if sort is Sort.REAL:
        return isinstance(value, int | Fraction)
    if not isinstance(value, int):
        return False
    return int_bits is None or -(1 << (int_bits - 1)) <= value < 1 << (int_bits - 1)
