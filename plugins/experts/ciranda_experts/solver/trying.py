"""Small whole numbers tried one after another: what is left where nothing else came to an end."""

from __future__ import annotations

from itertools import product
from typing import Final

from ..intent.tree import Operation, Sort, Term, Variable
from ..presolve.problem import Problem
from ..presolve.witness import witnesses

__all__ = ["tried"]

_REACH: Final = {0: 0, 1: 1_500, 2: 27, 3: 7, 4: 3}  # by number of integers; about 3,000 each
_TRUTHS: Final = 3  # variables that are true or false
_WORK: Final = 150_000  # nodes that are evaluated, each of about half a microsecond


def tried(problem: Problem) -> dict[str, bool | int] | None:
    """Return an assignment that a problem asks for, if a small one is found soon.

    Args:
        problem: What is asked; with real numbers, or more than four integers, nothing is tried.
    """
    names, nodes = _looked_at(problem)
    sorts = {name: problem.sorts[name] for name in sorted(names)}
    integers = [name for name, sort in sorts.items() if sort is Sort.INT]
    truths = [name for name, sort in sorts.items() if sort is Sort.BOOL]
    if len(integers) + len(truths) < len(sorts) or len(truths) > _TRUTHS:
        return None
    reach = _REACH.get(len(integers))
    if reach is None:
        return None
    rest: dict[str, bool | int] = {
        name: sort is not Sort.BOOL and 0
        for name, sort in problem.sorts.items()
        if name not in sorts
    }
    left = _WORK
    near = sorted(product(range(-reach, reach + 1), repeat=len(integers)), key=_distance)
    for values in near:
        for chosen in product((False, True), repeat=len(truths)):
            left -= nodes
            if left < 0:
                return None
            model = {
                **rest,
                **dict(zip(integers, values, strict=True)),
                **dict(zip(truths, chosen, strict=True)),
            }
            if witnesses(problem, model):
                return model
    return None


def _distance(values: tuple[int, ...]) -> int:
    return max(map(abs, values), default=0)


def _looked_at(problem: Problem) -> tuple[set[str], int]:
    """Return the variables of a problem, and how many nodes it has."""
    names: set[str] = set()
    stack: list[Term] = [condition.term for condition in problem.assume]
    if problem.violate is not None:
        stack.append(problem.violate.term)
    nodes = 0
    while stack:
        term = stack.pop()
        nodes += 1
        if isinstance(term, Operation):
            stack.extend(term.arguments)
        elif isinstance(term, Variable):
            names.add(term.name)
    return names, nodes
