"""The plain data of `ciranda planner plan FILE -o json`, which programs rely on: milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .faults import Fault, PlanError
from .plan import Plan
from .schedule import Schedule
from .warning import warnings_of

__all__ = ["fault_answer", "milliseconds", "plan_answer"]


def plan_answer(plan: Plan, schedule: Schedule) -> dict[str, Any]:
    """Return what a plan without a fault answers."""
    bounds = schedule.bounds
    return {
        "valid": True,
        "name": plan.name,
        "digest": plan.digest,
        "levels": [list(level) for level in schedule.levels],
        "critical_path": list(schedule.critical_path),
        "critical_path_ms": milliseconds(bounds.critical_path),
        "total_work_ms": milliseconds(schedule.total_work),
        "lower_bound_ms": milliseconds(schedule.lower_bound),
        "makespan_ms": milliseconds(schedule.makespan),
        "starts": {task: milliseconds(start) for task, start in schedule.starts.items()},
        "order": list(schedule.order),
        "workers": plan.workers,
        "cpu_workers": plan.cpu_workers,
        "speedup": round(schedule.speedup, 4),
        "efficiency": round(schedule.efficiency(plan.workers), 4),
        "distance": round(schedule.distance, 4),
        "bounds": {
            "critical_path_ms": milliseconds(bounds.critical_path),
            "workers_ms": milliseconds(bounds.workers),
            "cpu_workers_ms": milliseconds(bounds.cpu_workers),
            "resources_ms": milliseconds(bounds.resources),
            "rate_limit_ms": milliseconds(bounds.rate_limit),
        },
        "waits": {
            task: {"ms": milliseconds(wait.seconds), "cause": wait.cause.value}
            for task, wait in schedule.waits.items()
        },
        "warnings": [_told(warning) for warning in warnings_of(plan, schedule)],
    }


def fault_answer(faults: PlanError | Iterable[Fault]) -> dict[str, Any]:
    """Return what a plan with faults answers."""
    listed = faults.faults if isinstance(faults, PlanError) else faults
    return {"valid": False, "errors": [_told(fault) for fault in listed]}


def milliseconds(seconds: float) -> int | float:
    """Return milliseconds: a whole number where it is one, else to the microsecond."""
    exact = round(seconds * 1000, 3)
    return int(exact) if exact == int(exact) else exact


def _told(fault: Fault) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": fault.kind.value,
        "task": fault.task or None,
        "message": fault.message,
    }
    if fault.path:
        told["path"] = list(fault.path)
    if fault.line:
        told |= {"line": fault.line, "column": fault.column}
    return told
