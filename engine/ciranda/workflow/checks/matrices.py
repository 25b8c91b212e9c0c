"""Matrices: that what is excluded could be there."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.errors import Fault
from ciranda.workflow.level import root_of
from ciranda.workflow.nearest import nearest
from ciranda.workflow.survey import Survey

__all__ = ["matrix_faults"]


def matrix_faults(seen: Survey) -> Iterator[Fault]:
    """Yield the names in `exclude` that are no axis of their matrix."""
    for _, step in seen.steps:
        if step.matrix is None or not isinstance(step.matrix.exclude, list):
            continue
        axes = step.matrix.axes
        for at, combination in enumerate(step.matrix.exclude):
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
