"""Ciranda: an event-driven workflow engine where every subsystem is a plugin.

Names are imported when they are first used, so `import ciranda` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciranda import errors, events, expressions, testing, workflow
    from ciranda.actions import Action, Arg, action, resource
    from ciranda.context import Context
    from ciranda.engine import Engine
    from ciranda.errors import (
        CirandaError,
        Fault,
        InputError,
        PluginError,
        StepError,
        StoreError,
        WorkflowError,
    )
    from ciranda.expressions import ExpressionError, Secret
    from ciranda.hooks import hookimpl, hookspec, observer
    from ciranda.layer import Call, Layer, Next, Place, StepPlan
    from ciranda.running import arun, run
    from ciranda.runs.outcome import RunResult
    from ciranda.settings import Settings
    from ciranda.workflow.builder import Workflow, load

_HOMES = {
    "Action": "ciranda.actions",
    "Arg": "ciranda.actions",
    "Call": "ciranda.layer",
    "CirandaError": "ciranda.errors",
    "Context": "ciranda.context",
    "Engine": "ciranda.engine",
    "ExpressionError": "ciranda.expressions",
    "Fault": "ciranda.errors",
    "InputError": "ciranda.errors",
    "Layer": "ciranda.layer",
    "Next": "ciranda.layer",
    "Place": "ciranda.layer",
    "PluginError": "ciranda.errors",
    "RunResult": "ciranda.runs.outcome",
    "Secret": "ciranda.expressions",
    "Settings": "ciranda.settings",
    "StepError": "ciranda.errors",
    "StepPlan": "ciranda.layer",
    "StoreError": "ciranda.errors",
    "Workflow": "ciranda.workflow.builder",
    "WorkflowError": "ciranda.errors",
    "action": "ciranda.actions",
    "arun": "ciranda.running",
    "hookimpl": "ciranda.hooks",
    "hookspec": "ciranda.hooks",
    "load": "ciranda.workflow.builder",
    "observer": "ciranda.hooks",
    "resource": "ciranda.actions",
    "run": "ciranda.running",
}
_MODULES = ("errors", "events", "expressions", "testing", "workflow")

__all__ = [
    "Action",
    "Arg",
    "Call",
    "CirandaError",
    "Context",
    "Engine",
    "ExpressionError",
    "Fault",
    "InputError",
    "Layer",
    "Next",
    "Place",
    "PluginError",
    "RunResult",
    "Secret",
    "Settings",
    "StepError",
    "StepPlan",
    "StoreError",
    "Workflow",
    "WorkflowError",
    "action",
    "arun",
    "errors",
    "events",
    "expressions",
    "hookimpl",
    "hookspec",
    "load",
    "observer",
    "resource",
    "run",
    "testing",
    "workflow",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"ciranda.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ciranda' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value  # asked for once, found at once from then on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
