"""What a case that is run may say, as JSON Schema."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import jsonschema_rs

from ..running import Status

__all__ = ["CASE", "RUNNABLE", "validator_of"]

_TEXTS: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_TEXT: Final = {
    "type": ["string", "object"],
    "properties": {"equals": {"type": "string"}, "contains": _TEXTS, "lacks": _TEXTS},
    "additionalProperties": False,
    "minProperties": 1,
}
_FILES: Final = {
    "type": ["array", "object"],
    "items": {"type": "string"},
    "additionalProperties": {
        "type": ["string", "object"],
        "properties": {"base64": {"type": "string"}},
        "required": ["base64"],
        "additionalProperties": False,
    },
}
_EXPECT: Final = {
    "type": "object",
    "properties": {
        "status": {"enum": [str(each) for each in Status]},
        "exit_code": {"type": "integer", "minimum": 0, "maximum": 255},
        "stdout": _TEXT,
        "stderr": _TEXT,
        "json": {},
        "json_schema": {"type": "object"},
    },
    "additionalProperties": False,
    "minProperties": 1,
}

# A case with one of these is run here; others ask a model.
RUNNABLE: Final = frozenset(("script", "args", "stdin", "stdin_file", "params", "expect"))

CASE: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "id": {"type": ["string", "integer"], "minLength": 1, "maxLength": 200},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "prompt": {"type": "string"},
        "expected_output": {"type": "string"},
        "assertions": {"type": "array"},
        "expectations": {"type": "array"},
        "description": {"type": "string"},
        "script": {"type": "string", "minLength": 1},
        "args": {"type": "array", "items": {"type": ["string", "integer", "number"]}},
        "stdin": {},
        "stdin_file": {"type": "string", "minLength": 1},
        "params": {"type": "object"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "files": _FILES,
        "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
        "expect": _EXPECT,
    },
    "additionalProperties": False,
}


def validator_of(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """Return a validator that fetches nothing.

    Raises:
        ValueError: The schema is none, or refers to another one.
    """
    return jsonschema_rs.validator_for(schema, retriever=_nothing)


def _nothing(address: str) -> NoReturn:
    raise ValueError(f"{address} is not fetched: write the schema here")
