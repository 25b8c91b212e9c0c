"""Irrational solutions that z3 finds, and the plain data that shows that they are some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from math import floor
from typing import Any, Final

import msgspec

from ..exact import Value, number_of, value_of, written
from ..intent.tree import Sort
from ..presolve.problem import Problem
from .crossing import Crossing, crosses

__all__ = ["between", "confirmed"]

METHOD: Final = "between"
_MANY: Final = 4  # variables: all choices among more would take long
_Spans = Mapping[str, tuple[Fraction, Fraction]]


class _Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    method: str
    spans: dict[str, tuple[str, str]]
    near: dict[str, str]
    values: dict[str, bool | str]


def between(problem: Problem, values: Mapping[str, Value], bounds: _Spans) -> dict[str, Any] | None:
    """Return a certificate that a problem has a solution near some values, if that can be shown.

    Args:
        problem: What is asked.
        values: Of the variables that are rational.
        bounds: Of those that are not.
    """
    for spans in _moving(bounds):
        for still in _standing(problem, values):
            if crosses(problem, Crossing(spans, still)):
                return {
                    "method": METHOD,
                    "spans": {
                        name: [written(low), written(high)] for name, (low, high) in spans.items()
                    },
                    "near": {name: _near(low) for name, (low, _) in bounds.items()},
                    "values": {name: written(value) for name, value in still.items()},
                }
    return None


def _standing(problem: Problem, values: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
    """Yield which variables stand still; a number may be rational and yet follow by an equation."""
    yield values
    reals = [name for name in values if problem.sorts[name] is Sort.REAL]
    if len(reals) > 1:
        yield {name: value for name, value in values.items() if name not in reals}
    for moved in reals[:_MANY]:
        yield {name: value for name, value in values.items() if name != moved}


def _near(number: Fraction) -> str:
    try:
        return f"{float(number):.6g}"
    except OverflowError:
        return f"{written(floor(number))}"


def _moving(bounds: _Spans) -> Iterator[_Spans]:
    """Yield which variables may move, few of them first: the others follow them."""
    sizes = range(1, len(bounds) + 1) if len(bounds) <= _MANY else (1, len(bounds))
    for size in sizes:
        for names in combinations(bounds, size):
            yield {name: bounds[name] for name in names}


def confirmed(problem: Problem, certificate: Mapping[str, Any]) -> bool:
    """Say whether such a certificate shows that a problem is satisfiable; trust nothing in it."""
    try:
        given = msgspec.convert(certificate, _Certificate)
    except msgspec.ValidationError:
        return False
    spans: dict[str, tuple[Fraction, Fraction]] = {}
    for name, texts in given.spans.items():
        low, high = (number_of(text) for text in texts)
        if low is None or high is None:
            return False
        spans[name] = (low, high)
    values: dict[str, Value] = {}
    for name, text in given.values.items():
        value = value_of(text, problem.sorts[name]) if name in problem.sorts else None
        if value is None:
            return False
        values[name] = value
    return crosses(problem, Crossing(spans, values))
