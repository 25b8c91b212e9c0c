"""The names that expressions see, by place, with the types that are known before a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ciranda.workflow.inputvalue import input_schema
from ciranda.workflow.model import Step, Workflow

__all__ = ["ITEM_PLACES", "LATER_NAMES", "RUN_SCHEMA", "STATUSES", "STEP_FIELDS", "Scope"]

STATUSES: Final = ("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled")
LATER_NAMES: Final = ("event", "loop", "matrix")
# Where a step of a map is evaluated once for each item; `if`, `needs` and `map` come before.
ITEM_PLACES: Final = frozenset({"when", "with", "env", "key"})

_TEXT: Final = {"type": "string"}
_ERROR: Final = {
    "type": ["object", "null"],
    "properties": {
        "kind": _TEXT,
        "message": _TEXT,
        "detail": {"type": "object"},
        "step": _TEXT,
        "path": _TEXT,
        "attempt": {"type": "integer"},
        "retryable": {"type": ["boolean", "null"]},
        "retry_after": {"type": ["number", "null"]},
    },
    "additionalProperties": False,
}
RUN_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"id": _TEXT, "name": _TEXT, "started": _TEXT, "dir": _TEXT},
    "additionalProperties": False,
}
_STEP_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"id": _TEXT, "dir": _TEXT},
    "additionalProperties": False,
}
STEP_FIELDS: Final = ("output", "status", "error", "attempts", "duration", "items", "counts")


class Scope:
    """What each place of a workflow may read.

    Args:
        workflow: Whose declarations count.
        outputs: The JSON Schema of each action's output, by action.
    """

    def __init__(self, workflow: Workflow, outputs: Mapping[str, dict[str, Any]]) -> None:
        self.workflow: Final = workflow
        self._outputs: Final = outputs
        self.items: Final[dict[str, dict[str, Any]]] = {}  # type of a map's item, once inferred
        declared = {name: input_schema(each) for name, each in workflow.inputs.items()}
        self._file: Final[dict[str, Any]] = {
            "inputs": _closed(declared),
            "env": _closed(dict.fromkeys(workflow.env, _TEXT)),
            "secrets": _closed({name: {} for name in workflow.secrets}),
            "run": RUN_SCHEMA,
        }
        self._run: Final[dict[str, Any]] = {
            **self._file,
            "steps": _closed({name: self._step(step) for name, step in workflow.steps.items()}),
        }

    def names(self, place: str, step: Step | None = None) -> dict[str, Any]:
        """Return the names of a place and their schemas.

        Args:
            place: `file`, `outputs`, `if`, `map`, `when`, `with`, `env` or `key`.
            step: The step that the place belongs to.
        """
        if place == "file":
            return {name: each for name, each in self._file.items() if name != "env"}
        if step is None or place not in ITEM_PLACES:
            return self._run
        known = {**self._run, "attempt": {"type": "integer"}, "step": _STEP_SCHEMA}
        if step.map is not None:
            known[step.as_] = self.items.get(step.id, {})
            known[step.index_as] = {"type": "integer"}
        return known

    def _step(self, step: Step) -> dict[str, Any]:
        output = self._outputs.get(step.uses, {})
        one = {
            "output": output,
            "status": {"type": "string", "enum": list(STATUSES)},
            "error": _ERROR,
            "attempts": {"type": "integer"},
            "duration": {"type": "number"},
            "items": {"type": "null"},
            "counts": {"type": "null"},
        }
        if step.map is not None:
            item = {name: one[name] for name in ("status", "output", "error")}
            one["output"] = {"type": "array", "items": output}
            one["items"] = {"type": "array", "items": _closed(item)}
            one["counts"] = {
                "type": "object",
                "additionalProperties": {"type": "integer"},
            }
        return _closed(one)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
