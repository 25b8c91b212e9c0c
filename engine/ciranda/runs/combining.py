"""The items of a matrix: one for each combination of its axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, Final

from ciranda.expressions import ExpressionError
from ciranda.workflow.binding import Binding
from ciranda.workflow.model import Matrix

__all__ = ["combinations", "combined"]

_MOST: Final = 10_000  # combinations


def combinations(
    matrix: Matrix, bind: Callable[[Any], Binding]
) -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    """Return what evaluates a matrix to its items."""
    axes = bind(dict(matrix.axes))
    include, exclude = bind(matrix.include or []), bind(matrix.exclude or [])

    def evaluate(scope: Mapping[str, Any]) -> list[dict[str, Any]]:
        return combined(axes(scope), include(scope), exclude(scope))

    return evaluate


def combined(axes: Mapping[str, Any], include: Any = (), exclude: Any = ()) -> list[dict[str, Any]]:
    """Return the combinations of the axes, the last of them changing fastest.

    Args:
        axes: A list for each name.
        include: Mappings that are added to all combinations with whose own values they agree, and
            are combinations themselves where there is none.
        exclude: Mappings; combinations that agree with one are left out.

    Raises:
        ExpressionError: Something of it is no list, or no list of mappings, or too long.

    Source: the rules of GitHub Actions for `strategy.matrix`.
    """
    count = 1
    for name, values in axes.items():
        if not isinstance(values, list | tuple | range):
            raise ExpressionError("type", f"the axis `{name}` of a matrix needs a list")
        count *= len(values)
    if count > _MOST:
        raise ExpressionError(
            "limit", f"a matrix has at most {_MOST:,} combinations, not {count:,}"
        )
    found = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    if not axes:
        found = []
    excluded = _mappings("exclude", exclude)
    found = [item for item in found if not any(_agrees(item, each) for each in excluded)]
    original = [dict(item) for item in found]
    for extra in _mappings("include", include):
        fitting = [
            at
            for at, item in enumerate(original)
            if all(item[name] == extra[name] for name in extra.keys() & axes.keys())
        ]
        for at in fitting:
            found[at].update(extra)
        if not fitting:
            found.append(dict(extra))
    return found


def _agrees(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in item and item[name] == value for name, value in wanted.items())


def _mappings(name: str, value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, list | tuple) and all(isinstance(each, Mapping) for each in value):
        return list(value)
    raise ExpressionError("type", f"`{name}` of a matrix needs a list of mappings")
