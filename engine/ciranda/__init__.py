"""Ciranda: an event-driven workflow engine where every subsystem is a plugin.

Names are imported when they are first used, so that `import ciranda` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers know by its name; `typing` takes 8 ms to import

if TYPE_CHECKING:
    from ciranda import expressions, workflow
    from ciranda.actions import Arg, action, resource
    from ciranda.calling import arun, load, run
    from ciranda.context import Context
    from ciranda.engine import Engine
    from ciranda.errors import (
        ActionError,
        CirandaError,
        Fault,
        InputError,
        LeaseLostError,
        PluginError,
        PoolError,
        ReplayError,
        RunNotFoundError,
        SettingsError,
        StepError,
        StoreError,
        TraceError,
        UnansweredError,
        WorkflowError,
    )
    from ciranda.expressions import ExpressionError, Secret
    from ciranda.hooks import hookimpl, hookspec, observer
    from ciranda.layer import Call, Layer, Next, Place, StepPlan
    from ciranda.runs.outcome import RunResult
    from ciranda.settings import Settings
    from ciranda.workflow.blockbuilder import Steps
    from ciranda.workflow.builder import Workflow

__all__ = [
    "ActionError",
    "Arg",
    "Call",
    "CirandaError",
    "Context",
    "Engine",
    "ExpressionError",
    "Fault",
    "InputError",
    "Layer",
    "LeaseLostError",
    "Next",
    "Place",
    "PluginError",
    "PoolError",
    "ReplayError",
    "RunNotFoundError",
    "RunResult",
    "Secret",
    "Settings",
    "SettingsError",
    "StepError",
    "StepPlan",
    "Steps",
    "StoreError",
    "TraceError",
    "UnansweredError",
    "Workflow",
    "WorkflowError",
    "action",
    "arun",
    "expressions",
    "hookimpl",
    "hookspec",
    "load",
    "observer",
    "resource",
    "run",
    "workflow",
]

# Where each name is at home; what is not here is an error, and `expressions` and `workflow`
# are packages.
_HOMES = {
    "Arg": "ciranda.actions",
    "Call": "ciranda.layer",
    "Context": "ciranda.context",
    "Engine": "ciranda.engine",
    "ExpressionError": "ciranda.expressions",
    "Layer": "ciranda.layer",
    "Next": "ciranda.layer",
    "Place": "ciranda.layer",
    "RunResult": "ciranda.runs.outcome",
    "Secret": "ciranda.expressions",
    "Settings": "ciranda.settings",
    "StepPlan": "ciranda.layer",
    "Steps": "ciranda.workflow.blockbuilder",
    "Workflow": "ciranda.workflow.builder",
    "action": "ciranda.actions",
    "arun": "ciranda.calling",
    "hookimpl": "ciranda.hooks",
    "hookspec": "ciranda.hooks",
    "load": "ciranda.calling",
    "observer": "ciranda.hooks",
    "resource": "ciranda.actions",
    "run": "ciranda.calling",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'ciranda' has no attribute {name!r}")
    from importlib import import_module

    if name in ("expressions", "workflow"):
        return import_module(f"ciranda.{name}")
    found = getattr(import_module(_HOMES.get(name, "ciranda.errors")), name)
    globals()[name] = found  # the next look finds it without coming here
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
