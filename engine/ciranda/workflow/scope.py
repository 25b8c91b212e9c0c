"""The names that expressions see, by place, with the types that are known before a run."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from ciranda.workflow.inputvalue import input_schema
from ciranda.workflow.level import Level, binds_of
from ciranda.workflow.model import Step, Workflow

__all__ = [
    "EVENT_SCHEMA",
    "ITEM_PLACES",
    "RUN_SCHEMA",
    "STATUSES",
    "STEP_FIELDS",
    "Scope",
    "closed",
    "inherited",
    "item_names",
]

STATUSES: Final = ("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled")
# Where a step is evaluated once for each item or turn; `if`, `needs` and `map` come before.
ITEM_PLACES: Final = frozenset({"when", "with", "env", "key", "option", "where", "case", "loop"})

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_ERROR_FIELDS: Final[Schema] = {
    "kind": _TEXT,
    "message": _TEXT,
    "detail": {"type": "object"},
    "step": _TEXT,
    "path": _TEXT,
    "attempt": {"type": "integer"},
    "retryable": {"type": ["boolean", "null"]},
    "retry_after": {"type": ["number", "null"]},
}
RUN_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {"id": _TEXT, "name": _TEXT, "started": _TEXT, "dir": _TEXT},
    "additionalProperties": False,
}
EVENT_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {"data": {}, "source": _TEXT},
    "additionalProperties": False,
}
_OCCURRENCE: Final[Schema] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("id", "source", "type", "subject", "time"), _TEXT),
        "data": {},
        "extensions": {},
    },
    "additionalProperties": False,
}
_STEP_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {"id": _TEXT, "dir": _TEXT},
    "additionalProperties": False,
}
STEP_FIELDS: Final = ("output", "status", "error", "attempts", "duration", "items", "counts")


def closed(properties: Mapping[str, Any]) -> Schema:
    """Return the schema of an object that has these properties and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


_BOUND_ERROR: Final = closed(_ERROR_FIELDS)
_STATIC: Final[Schema] = {
    "status": {"type": "string", "enum": list(STATUSES)},
    "error": {**_BOUND_ERROR, "type": ["object", "null"]},
    "attempts": {"type": "integer"},
    "duration": {"type": "number"},
}
_NULL: Final[Schema] = {"type": "null"}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "integer"}}


def item_names(step: Step) -> dict[str, Schema]:
    """Return the names that each item or turn of a step has, with the types that are fixed."""
    if step.map is not None:
        return {step.as_: {}, step.index_as: {"type": "integer"}}
    if step.matrix is not None:
        return {"matrix": {}}
    if step.loop is not None:
        return {"loop": closed({"index": {"type": "integer"}, "last": {}})}
    return {}


def inherited(level: Level) -> dict[str, Schema]:
    """Return the names that the steps around a level, and the block that it is, lend to it."""
    names: dict[str, Schema] = {}
    here: Level | None = level
    while here is not None and here.block is not None:
        bound = binds_of(here.name, here.block)
        known = {bound: _BOUND_ERROR} if bound else {}
        if here.owner is not None:
            known = {**item_names(here.owner), **known}
        names = {**known, **names}
        here = here.above
    return names


class Scope:
    """What each place of a workflow file may read.

    Args:
        workflow: Whose declarations count.
    """

    def __init__(self, workflow: Workflow) -> None:
        self._items: Final[dict[tuple[Level, str], dict[str, Schema]]] = {}
        self._known: Final[dict[int, tuple[Schema, Schema]]] = {}  # by `id` of the output's type
        self._levels: Final[dict[Level, Schema]] = {}
        self._steps: Final[dict[Level, MutableMapping[str, Schema]]] = {}
        env = closed(dict.fromkeys(workflow.env, _TEXT))
        secrets = closed({name: {} for name in workflow.secrets})
        declared = {name: input_schema(each) for name, each in workflow.inputs.items()}
        self._start: Final[Schema] = {
            "inputs": closed(declared),
            "env": env,
            "secrets": secrets,
            "run": RUN_SCHEMA,
        }
        self._trigger: Final[Schema] = {"event": _OCCURRENCE, "secrets": secrets}

    def enter(self, level: Level) -> None:
        """Make the names of a level; those of the level above are known."""
        own: MutableMapping[str, Schema] = {}
        for name in level.steps if level.named else ():
            own[name] = {}
        steps: MutableMapping[str, Schema] = own
        above: Schema = self._start
        if level.above is not None:
            beside = [self._steps[level.peer]] if level.peer is not None else []
            steps = ChainMap(own, *beside, *_maps(self._steps[level.above]))
            above = self._levels[level.above]
        self._steps[level] = steps
        self._levels[level] = {**above, **self._lent(level), "steps": closed(steps)}

    def _lent(self, level: Level) -> dict[str, Schema]:
        if level.block is None:
            return {}
        bound = binds_of(level.name, level.block)
        lent = {bound: _BOUND_ERROR} if bound else {}
        if level.owner is None or level.above is None:
            return lent
        return {**self._known_items(level.owner, level.above), **lent}

    def of_event(self, data: Schema) -> dict[str, Any]:
        """Return the names of a trigger whose events have data of a type."""
        fields = {**_OCCURRENCE["properties"], "data": data}
        return {**self._trigger, "event": closed(fields)}

    def know(self, level: Level, step: Step, output: Schema) -> Schema:
        """Learn the type of a step's output; return it as the steps after it read it."""
        if not step.repeats and level.named:
            # Steps with the same action give the same.
            key = id(output)
            if key not in self._known:
                self._known[key] = output, closed({**_STATIC, **_repeated(step, output)})
            self._steps[level][step.id] = self._known[key][1]
            return output
        whole = _repeated(step, output)
        if level.named:
            self._steps[level][step.id] = closed({**_STATIC, **whole})
        read: Schema = whole["output"]
        return read

    def know_items(self, level: Level, step: Step, names: Mapping[str, Schema]) -> None:
        """Learn the types of what each item of a step reads."""
        self._items[level, step.id] = {**item_names(step), **names}

    def _known_items(self, step: Step, level: Level) -> dict[str, Schema]:
        return self._items.get((level, step.id)) or item_names(step)

    def names(self, place: str, level: Level, step: Step | None = None) -> dict[str, Any]:
        """Return the names of a place and their schemas.

        Args:
            place: What `Spot.place` is.
            level: Whose steps are read.
            step: The step that the place belongs to.
        """
        if place == "trigger":
            return self._trigger
        if place == "listener":
            return {"secrets": self._trigger["secrets"]}
        if place == "start":
            return self._start
        if place == "file":
            return {name: each for name, each in self._start.items() if name != "env"}
        known = self._levels[level]
        if step is None or place not in ITEM_PLACES:
            return known
        known = {**known, "attempt": {"type": "integer"}, "step": _STEP_SCHEMA}
        if step.repeats:
            known.update(self._known_items(step, level))
        if place == "where":
            known["event"] = EVENT_SCHEMA
        return known


def _maps(steps: MutableMapping[str, Schema]) -> list[MutableMapping[str, Schema]]:
    return steps.maps if isinstance(steps, ChainMap) else [steps]


def _repeated(step: Step, output: Schema) -> Schema:
    """Return what the repeater of a step makes of the output of one item or turn."""
    none: Schema = {"output": output, "items": _NULL, "counts": _NULL}
    if not step.repeats:
        return none
    if step.map is not None or step.matrix is not None:
        item = {"status": _STATIC["status"], "output": output, "error": _STATIC["error"]}
        whole: Schema = {"type": "array", "items": output}
        if step.join.race:
            whole = closed({"winner": {"type": "integer"}, "value": output})
        items = {"type": "array", "items": closed(item)}
        return {"output": whole, "items": items, "counts": _COUNTS}
    return {**none, "counts": _COUNTS}
