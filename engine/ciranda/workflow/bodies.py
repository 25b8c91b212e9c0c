"""Which kind of body a step has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ciranda.workflow.model import Body

__all__ = ["NAMES", "ONE_CALL", "body_of"]

# How a sentence calls a step with such a body.
NAMES: Final[Mapping[str, str]] = {
    "action": "a call",
    "group": "a group",
    "switch": "a choice",
    "try": "a `try`",
    "workflow": "a workflow",
    "wait": "a wait",
    "approve": "an approval",
    "sleep": "a sleep",
    "emit": "an event",
    "succeed": "the end of the run",
    "fail": "a failure",
}
# What to do about a step that calls two things.
ONE_CALL: Final = "keep one of them, or write two steps"
_BY_KEY: Final[Mapping[str, Body]] = {
    "run": "action",
    "steps": "group",
    "switch": "switch",
    "try": "try",
    "wait": "wait",
    "approve": "approve",
    "sleep": "sleep",
    "emit": "emit",
    "succeed": "succeed",
    "fail": "fail",
}


def body_of(step: Mapping[str, Any]) -> Body | None:
    """Return the kind of a step's body, in the words of the model; None if it has none."""
    if "uses" in step:
        return "workflow" if step["uses"].startswith(("./", "../")) else "action"
    return next((body for key, body in _BY_KEY.items() if key in step), None)
