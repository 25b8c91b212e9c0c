"""The one JSON Schema of a workflow file: what editors complete and what `load` validates.

Forms that a key may take are told apart by type, never by `oneOf`: JSON Schema's keywords look
only at the type they are about, so a wrong value gives exactly one fault. `x-says` is the end of
the sentence that a person reads: "`timeout` must be a duration such as `30s`".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ciranda.workflow.bodyschema import block, block_schema
from ciranda.workflow.keywords import IDENTIFIER, described, duration, text_value
from ciranda.workflow.modifierschema import shared_limit_schema
from ciranda.workflow.relaxed import relaxed
from ciranda.workflow.stepschema import step_schema, template_schema
from ciranda.workflow.triggerschema import trigger_schema
from ciranda.workflow.valueschema import limits, value_schema

if TYPE_CHECKING:
    from ciranda.actions.action import Action
    from ciranda.trigger import TriggerKind

__all__ = ["INPUT_TYPES", "workflow_schema"]

INPUT_TYPES: Final = (
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "object",
    "path",
    "duration",
    "datetime",
    "secret",
)


def workflow_schema(
    actions: Mapping[str, Action] | None = None, triggers: Iterable[TriggerKind] = ()
) -> dict[str, Any]:
    """Return the schema of a file, with the inputs of each action where `with` takes them.

    Args:
        actions: Installed actions by name; without them any `uses` and any `with` fits.
        triggers: What plugins can listen to; without them any of a plugin's fits.
    """
    installed = actions or {}
    step = step_schema()
    if installed:
        step["properties"]["uses"] = {
            **step["properties"]["uses"],
            "anyOf": [{"enum": sorted(installed)}, {"type": "string"}],
        }
        step["allOf"] += list(_inputs_of(installed.values()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ciranda workflow",
        "type": "object",
        "required": ["ciranda", "steps"],
        "properties": {**_top_level(), "on": trigger_schema(triggers)},
        "patternProperties": {"^x-": {"description": "Yours: the engine does not read it."}},
        "additionalProperties": False,
        "$defs": {
            "step": step,
            "steps": block_schema(),
            "value": value_schema(),
            **{f"with:{name}": _with(action) for name, action in sorted(installed.items())},
        },
    }


def _inputs_of(actions: Iterable[Action]) -> Iterable[dict[str, Any]]:
    for action in sorted(actions, key=lambda one: one.name):
        then: dict[str, Any] = {"properties": {"with": {"$ref": f"#/$defs/with:{action.name}"}}}
        if action.input_schema.get("required"):
            then["required"] = ["with"]
        yield {
            "if": {"properties": {"uses": {"const": action.name}}, "required": ["uses"]},
            "then": then,
        }


def _with(action: Action) -> dict[str, Any]:
    schema: dict[str, Any] = _moved(
        relaxed(action.input_schema), f"#/$defs/with:{action.name}/$defs/"
    )
    if action.doc:
        schema["description"] = action.doc.strip().split("\n\n", 1)[0]
    return schema


def _moved(value: Any, definitions: str) -> Any:
    """Return a schema whose references follow its `$defs` to where they stand now."""
    if isinstance(value, dict):
        return {
            key: definitions + each.removeprefix("#/$defs/")
            if key == "$ref" and isinstance(each, str) and each.startswith("#/$defs/")
            else _moved(each, definitions)
            for key, each in value.items()
        }
    return [_moved(each, definitions) for each in value] if isinstance(value, list) else value


def _top_level() -> dict[str, Any]:
    return {
        "ciranda": {
            "const": 1,
            "description": "Version of the workflow language.",
            "x-says": "1, the version of the workflow language",
        },
        "name": described("How runs of this file are called; else the file's name.", "string"),
        "description": described("What the workflow is for.", "string"),
        "plugins": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "x-says": "a path or a name"},
            "description": "Inline plugins by path, or distributions such as `slack>=1,<2`.",
            "x-says": "a list such as `[./actions.py]`",
        },
        "inputs": _named(_input(), "Values that a run is given, checked before the first step."),
        "env": _named(_env(), "Environment variables that steps get.", identifier=False),
        "secrets": _named(_secret(), "Where secrets are to be found."),
        "defaults": {
            "type": "object",
            "properties": _default_properties(),
            "additionalProperties": False,
            "description": "Modifiers that every `uses: plugin.action` and `run` step starts from.",
            "x-says": "a mapping such as `{timeout: 30s}`",
        },
        "order": {
            "enum": ["graph", "sequence"],
            "description": "`sequence`: each step needs the one above.",
            "x-says": "`graph` or `sequence`",
        },
        "steps": {"$ref": "#/$defs/steps"},
        "templates": {
            "type": "object",
            "propertyNames": {"pattern": IDENTIFIER},
            "additionalProperties": template_schema(),
            "description": "Keys that steps share; a step says `like: name`.",
            "x-says": "a mapping of names to templates",
        },
        "concurrency": {
            **shared_limit_schema()["concurrency"],
            "description": "At most `max` runs at once among those of a group.",
        },
        "rate": {
            **shared_limit_schema()["rate"],
            "description": "At most so many attempts of the run's steps in any window of time.",
        },
        "timeout": duration("Longest time of the whole run."),
        "fail-fast": described("The first failure ends the run.", "boolean"),
        "on-failure": block("What is done when the run failed."),
        "on-success": block("What is done when the run succeeded."),
        "on-cancel": block("What is done when the run was cancelled."),
        "finally": block("What is done at the end of every run."),
        "outputs": {
            "type": "object",
            "description": "What a run that succeeds gives back.",
            "x-says": "a mapping such as `{total: ${{ steps.add.output }}}`",
        },
    }


def _default_properties() -> dict[str, Any]:
    known = step_schema()["properties"]
    names = (
        "retry",
        "timeout",
        "deadline",
        "cache",
        "breaker",
        "rate",
        "concurrency",
        "continue-on-error",
        "executor",
        "env",
        "max-parallel",
        "on-item-failure",
    )
    return {name: known[name] for name in names}


def _named(value: dict[str, Any], says: str, *, identifier: bool = True) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": value,
        "description": says,
        "x-says": "a mapping",
    }
    pattern = IDENTIFIER if identifier else "^[A-Za-z_][A-Za-z0-9_]*$"
    schema["propertyNames"] = {"pattern": pattern}
    return schema


def _input() -> dict[str, Any]:
    types = {"enum": list(INPUT_TYPES), "x-says": "one of " + ", ".join(INPUT_TYPES)}
    return {
        "type": ["string", "object"],
        # The short form `n: integer`; `enum` would also be asked of a mapping.
        "pattern": f"^(?:{'|'.join(INPUT_TYPES)})$",
        "properties": {
            "type": types,
            "default": {"description": "The value when a run gives none; a constant."},
            "optional": {"type": "boolean", "x-says": "true or false"},
            "description": described("What the value means.", "string"),
            **limits(),
        },
        "additionalProperties": False,
        "x-says": "a type (" + ", ".join(INPUT_TYPES) + ") or a mapping such as `{type: integer}`",
    }


def _env() -> dict[str, Any]:
    return {
        **text_value(),
        "type": ["string", "number", "boolean", "object"],
        "properties": {
            "from": described("Name in the environment of the caller.", "string"),
            "default": text_value(),
        },
        "required": ["from"],
        "additionalProperties": False,
        "x-says": "text or a mapping such as `{from: PGHOST, default: localhost}`",
    }


def _secret() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "env": described("Name in the environment of the caller.", "string"),
            "file": described("File whose text is the secret.", "string"),
            "command": {
                "type": "array",
                "items": text_value(),
                "minItems": 1,
                "x-says": "a list of words",
            },
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "x-says": "a reference such as `{env: API_KEY}`, `{file: ...}` or `{command: [...]}`",
    }
