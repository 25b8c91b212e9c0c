"""Plans as files that can be looked at, kept and compared; `reading` reads them back."""

from __future__ import annotations

from typing import Any

from ciranda.cli.values import as_json
from ciranda.errors import InputError

from .faults import PlanError
from .plan import FORMAT, Kind, Plan, Success, Task
from .reading import Defaults, read_plan

__all__ = ["data_of", "saved"]

_UNITS = ("requests", "input_tokens", "output_tokens")


def saved(plan: Plan, defaults: Defaults | None = None) -> str:
    """Return the file of a plan: JSON, with the digest of its content.

    Args:
        plan: Without faults.
        defaults: Those that it was read with.

    Raises:
        InputError: It holds what JSON cannot, such as an infinite number.
    """
    try:
        text = as_json({**data_of(plan), "digest": plan.digest})
        same = read_plan(text.encode(), defaults=defaults).tasks == plan.tasks
    except (PlanError, TypeError, ValueError):
        same = False
    if not same:
        raise InputError(
            f"the plan `{plan.name}` holds what JSON cannot: leave such values out of `with`"
        )
    return f"{text}\n"


def data_of(plan: Plan) -> dict[str, Any]:
    """Return what a plan file holds, so that reading it gives an equal plan."""
    limit = plan.rate_limit
    return {
        "format": FORMAT,
        "version": plan.version,
        "name": plan.name,
        "workers": plan.workers,
        "cpu_workers": plan.cpu_workers,
        "rate_limit": limit
        and {"window": limit.window, **dict(zip(_UNITS, limit.units, strict=True))},
        **({"resources": dict(plan.resources)} if plan.resources else {}),
        **({"timeout": plan.timeout} if plan.timeout is not None else {}),
        **({"tier": plan.tier} if plan.tier is not None else {}),
        **({"mode": plan.mode} if plan.mode is not None else {}),
        **({"already_succeeded": sorted(plan.already_succeeded)} if plan.already_succeeded else {}),
        "tasks": [_task(task) for task in plan.tasks],
    }


def _task(task: Task) -> dict[str, Any]:
    cost = {name: units for name, units in zip(_UNITS, task.cost.units, strict=True) if units}
    given = {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "needs": list(task.needs),
        "uses": task.uses,
        "with": dict(task.with_),
        "command": task.command and list(task.command),
        "behaviour": task.behaviour,
        "kind": str(task.kind) if task.kind is not Kind.IO else None,
        "cost": cost,
        "resources": dict(task.resources),
        "priority": task.priority,
        "success": task.success and _success(task.success),
        "contingency": task.contingency,
        "validates": list(task.validates),
        "timeout": task.timeout,
        "deadline": task.deadline,
        "retries": task.retries,
    }
    told = {name: value for name, value in given.items() if value}
    return {"id": task.id, "estimate": task.estimate, **told}


def _success(success: Success) -> dict[str, Any]:
    told = {
        "exit_code": success.exit_code,
        "schema": None if success.schema is None else dict(success.schema),
        "file": success.file,
        "expression": success.expression,
    }
    return {name: value for name, value in told.items() if value is not None}
