"""How many cpu tasks of a plan a machine can work on."""

from __future__ import annotations

import os
from dataclasses import replace

from .plan import Kind, Plan

__all__ = ["within_cores"]


def within_cores(plan: Plan, cores: int | None = None) -> Plan:
    """Return the plan with as many cpu workers as there are cores, if it would use more.

    A trial that sleeps uses no core, so a plan of such trials runs as it says.

    Args:
        plan: Without faults.
        cores: How many there are; as many as the machine has, by default.
    """
    busy = any(
        task.kind is Kind.CPU and (task.uses or task.command or task.behaviour == "burn")
        for task in plan.tasks
    )
    if not busy:
        return plan
    most = cores or os.cpu_count() or 1
    return replace(plan, cpu_workers=min(plan.cpu_workers or most, most))
