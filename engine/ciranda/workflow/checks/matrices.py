"""Matrices: that what is excluded could be there, and that something is left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Matrix, Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.survey import Survey

__all__ = ["matrix_faults"]

_MOST: Final = 100_000  # combinations times entries of `exclude` that are looked at


def matrix_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what `exclude` of a matrix can never mean, or leaves nothing of."""
    for _, step in seen.steps:
        matrix = step.matrix
        if matrix is None or not isinstance(matrix.exclude, list):
            continue
        strangers = list(_strangers(step, matrix, seen))
        yield from strangers
        if not strangers and _leaves_nothing(matrix):
            yield seen.places.fault(
                (*root_of(step), "matrix", "exclude"),
                f"`exclude` leaves nothing of the matrix of step `{step.id}`",
                hint="leave out fewer combinations, or add one by `include`",
                key=True,
                kind="matrix",
            )


def _strangers(step: Step, matrix: Matrix, seen: Survey) -> Iterator[Fault]:
    """Yield the names in `exclude` that are no axis."""
    axes = matrix.axes
    for at, combination in enumerate(matrix.exclude):
        for name in combination if isinstance(combination, dict) else ():
            if name in axes:
                continue
            meant = nearest(name, axes)
            listed = ", ".join(f"`{axis}`" for axis in axes)
            yield seen.places.fault(
                (*root_of(step), "matrix", "exclude", at, name),
                f"the matrix of step `{step.id}` has no axis `{name}`",
                hint=f"did you mean `{meant}`?" if meant else f"it has {listed}",
                key=True,
                kind="matrix",
            )


def _leaves_nothing(matrix: Matrix) -> bool:
    """Say whether constants exclude every combination, and nothing is included."""
    axes, excluded = list(matrix.axes.values()), matrix.exclude
    if matrix.include or not excluded or not all(isinstance(each, list) for each in axes):
        return False
    if prod(map(len, axes)) * len(excluded) > _MOST or _holds_expression([axes, excluded]):
        return False
    items = (dict(zip(matrix.axes, values, strict=True)) for values in product(*axes))
    return all(any(_agrees(item, each) for each in excluded) for item in items)


def _agrees(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(item[name] == value for name, value in wanted.items())


def _holds_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_expression, value.values()))
    if isinstance(value, list):
        return any(map(_holds_expression, value))
    return isinstance(value, str) and "${{" in value
