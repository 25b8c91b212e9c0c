"""How a map and a run end: the facts behind their last events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ciranda.events import Failure
from ciranda.expressions import ExpressionError
from ciranda.runs.items import Items
from ciranda.runs.plan import Plan
from ciranda.runs.status import Status
from ciranda.workflow.binding import BindingError
from ciranda.workflow.places import Places

__all__ = ["map_failure", "outputs_of"]


def map_failure(
    path: str, items: Items, error_of: Callable[[str, int], dict[str, Any] | None]
) -> Failure:
    """Return why a map failed: its first failed item speaks for all."""
    item = items.statuses.index(Status.FAILED)
    first = error_of(path, item) or {"kind": "crash", "message": ""}
    return Failure(
        kind=first["kind"],
        message=f"{items.failed} of {len(items.statuses)} items failed; "
        f"item {item}: {first['message']}",
        step=path,
        path=f"{path}/{item}",
    )


def outputs_of(
    plan: Plan, scope: Mapping[str, Any], status: str
) -> tuple[str, Any, Failure | None]:
    """Return the status of a run, its outputs, and why these could not be evaluated.

    A run that did not succeed has outputs only if they speak of status.
    """
    if plan.outputs is None or (status != "succeeded" and not plan.outputs_guarded):
        return status, None, None
    try:
        return status, plan.outputs(scope), None
    except ExpressionError as problem:
        if status != "succeeded":
            return status, None, None
        return "failed", None, _unfit(plan, problem)


def _unfit(plan: Plan, problem: ExpressionError) -> Failure:
    """Return why an output could not be evaluated, with its name and its line."""
    path = ("outputs", *problem.path) if isinstance(problem, BindingError) else ("outputs",)
    fault = Places(plan.workflow.document, plan.workflow.file).fault(path, problem.message)
    written = f" in `{problem.source.strip()}`" if problem.source else ""
    return Failure(
        kind="invalid-output",
        message=f"{'.'.join(map(str, path))}: {problem.message}{written}",
        place=f"{fault.file}:{fault.line}" if fault.line else "",
    )
