"""From plain data to the model: what makes `ciranda serve` begin a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciranda.workflow.model import Trigger

__all__ = ["read_triggers"]


def read_triggers(written: Mapping[str, Any]) -> tuple[Trigger, ...]:
    """Return the triggers of a file, in its order."""
    found: list[Trigger] = []
    for kind, each in written.items():
        if kind == "schedule":
            found += (_trigger(kind, one, ("on", kind, place)) for place, one in enumerate(each))
        else:
            found.append(_trigger(kind, each, ("on", kind)))
    return tuple(found)


def _trigger(kind: Any, written: Mapping[str, Any], at: tuple[str | int, ...]) -> Trigger:
    options = {key: value for key, value in written.items() if key != "inputs"}
    return Trigger(kind=kind, options=options, inputs=written.get("inputs", {}), at=at)
