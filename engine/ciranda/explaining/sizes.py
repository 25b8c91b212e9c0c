"""How many items a step has, where that is known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from ciranda.explaining.knowing import foretold
from ciranda.explaining.wiring import Functions
from ciranda.expressions import ExpressionError
from ciranda.workflow.binding import bind
from ciranda.workflow.model import Matrix, Step

__all__ = ["combinations", "items_of"]


def items_of(step: Step, scope: Mapping[str, Any], functions: Functions) -> int | None:
    """Return the number of items of a map or a matrix; None when it is not known, or is neither."""
    try:
        if step.map is not None:
            known = foretold(bind(step.map, functions=functions), scope)
            listed = not known.waits and isinstance(known.value, (list, tuple, range))
            return len(known.value) if listed else None
        if step.matrix is not None:
            written = [step.matrix.axes, step.matrix.include, step.matrix.exclude]
            known = foretold(bind(written, functions=functions), scope)
            return None if known.waits else len(combinations(Matrix(*known.value)))
    except (ExpressionError, TypeError):  # its list is none: the run will say so
        return None
    return None


def combinations(matrix: Matrix) -> list[dict[str, Any]]:
    """Return the items of a matrix whose lists are plain data, as GitHub Actions counts them.

    Raises:
        TypeError: An axis is no list.
    """
    names = list(matrix.axes)
    found = [
        dict(zip(names, values, strict=True)) for values in product(*matrix.axes.values()) if names
    ]
    gone = matrix.exclude or ()
    found = [one for one in found if not any(one.items() >= each.items() for each in gone)]
    added: list[dict[str, Any]] = []
    own = [dict(one) for one in found]  # `include` never changes what an axis says
    for extra in matrix.include or ():
        fits = [
            place
            for place, one in enumerate(own)
            if all(one[key] == value for key, value in extra.items() if key in one)
        ]
        for place in fits:
            found[place].update(extra)
        if not fits:
            added.append(dict(extra))
    return [*found, *added]
