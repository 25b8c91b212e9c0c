"""What can be evaluated before a run, and what an expression has to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ciranda.expressions import Expression, ExpressionError, Reference, Secret
from ciranda.workflow.binding import Binding
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["Known", "foretold", "spelled"]


class Known(NamedTuple):
    """The value of an expression, or what it depends on; `waits` is empty when it is known."""

    value: Any
    waits: tuple[str, ...] = ()


def foretold(compiled: Expression | Binding, scope: Mapping[str, Any]) -> Known:
    """Evaluate what reads only names that are known before a run.

    Args:
        compiled: An expression, or a value with expressions inside.
        scope: The names that are known.
    """
    calls = {name if isinstance(name, str) else name[0] for name in compiled.calls}
    waits = [spelled(each) for each in compiled.references if not _known(each, scope)]
    waits += [f"{name}()" for name in sorted(calls & CONTEXT_FUNCTIONS.keys())]
    if waits:
        return Known(None, tuple(dict.fromkeys(waits)))
    try:
        return Known(compiled(scope))
    except ExpressionError as error:
        return Known(None, (f"it cannot be evaluated: {error.message}",))


def spelled(reference: Reference) -> str:
    """Return a reference as it is written: `steps.load.output[0]`."""
    text = reference.root
    for part in reference.path[1:]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text


def _known(reference: Reference, scope: Mapping[str, Any]) -> bool:
    value: Any = scope
    for part in reference.path:
        if not isinstance(value, Mapping):
            return True
        if part not in value:
            return value is not scope
        value = value[part]
        if isinstance(value, Secret):
            return False
    return True
