"""The functions that a run hands to expressions, and what mentions of status mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ciranda.expressions import Expression, Function, Reference

__all__ = [
    "CONTEXT_FUNCTIONS",
    "STATUS_FUNCTIONS",
    "field_of",
    "is_always",
    "speaks_of_status",
    "step_of",
]

STATUS_FUNCTIONS: Final = frozenset({"always", "succeeded", "failed", "cancelled"})

_BOOLEAN: Final = MappingProxyType({"type": "boolean"})
_STRING: Final = MappingProxyType({"type": "string"})

# Answered by the scope of each evaluation, under `"()"`.
CONTEXT_FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "always": Function("always", doc="Run whatever became of the needs.", returns=_BOOLEAN),
        "succeeded": Function("succeeded", doc="No need has failed.", returns=_BOOLEAN),
        "failed": Function("failed", doc="A need, however far up, has failed.", returns=_BOOLEAN),
        "cancelled": Function("cancelled", doc="The run was cancelled.", returns=_BOOLEAN),
        "now": Function("now", doc="The time, recorded once an attempt.", returns=_STRING),
    }
)


def step_of(reference: Reference) -> str:
    """Return the step that is read; empty when it is not written out."""
    path = reference.path
    return str(path[1]) if path[0] == "steps" and len(path) > 1 else ""


def field_of(reference: Reference) -> str:
    """Return what is read of a step: `output`, `status` and so on; empty for the step itself."""
    path = reference.path
    return str(path[2]) if path[0] == "steps" and path[2:] else ""


def speaks_of_status(expression: Expression) -> bool | frozenset[str]:
    """Return True for a status function, else the steps whose status is mentioned.

    This is what lifts the rule that a failed need skips a step.
    """
    if any(name in STATUS_FUNCTIONS for name, _ in expression.calls):
        return True
    return frozenset(step_of(each) for each in expression.references if field_of(each) == "status")


def is_always(expression: Expression) -> bool:
    """Say whether a condition is `always()` and nothing else."""
    return not expression.references and [name for name, _ in expression.calls] == ["always"]
