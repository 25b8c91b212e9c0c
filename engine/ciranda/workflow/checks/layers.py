"""Layers that steps ask for: whether a plugin puts them, and takes what a step writes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ciranda.errors import Fault
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Step
from ciranda.workflow.places import Places
from ciranda.workflow.written import written_path

__all__ = ["Refuses", "accept", "layer_faults"]

# Of a layer's name and what a step writes of it: what is wrong, or nothing, and a hint.
Refuses = Callable[[str, Any], tuple[str, str]]


def accept(name: str, written: Any) -> tuple[str, str]:
    """Find nothing wrong with what a step writes of a layer."""
    return "", ""


def layer_faults(
    step: Step, plugins: Mapping[str, str], refuses: Refuses, places: Places
) -> Iterator[Fault]:
    """Yield what is wrong with `with-middleware` of a step.

    Args:
        step: Whose layers are looked at.
        plugins: For namespaces that may not be used: what to do about it.
        refuses: Says what is wrong with the options of a plugin's layer.
        places: Makes the faults.
    """
    for name, written in step.modifiers.items():
        path = (*written_path(root_of(step), "with-middleware", places), name)
        hint = plugins.get(name.partition(".")[0], "")
        wrong = f"no plugin puts a layer `{name}` around steps" if hint else ""
        if not hint:
            wrong, hint = refuses(name, written)
        if wrong:
            kind = "unknown-layer" if hint else "layer-options"
            yield places.fault(path, wrong, hint=hint, key=True, kind=kind)
