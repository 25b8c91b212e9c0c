"""The part of the schema that says what a value is: a closed part of JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from ciranda.workflow.keywords import closed, described

__all__ = ["VALUE_TYPES", "limits", "typed", "value_schema"]

VALUE_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")


def value_schema() -> dict[str, Any]:
    """Return the schema of a value inside an input.

    Closed, so that a file can neither refer to schemas elsewhere nor misspell a limit.
    """
    return closed(_schema_words(), **{"x-says": "a schema such as `{type: string}`"})


def typed(**more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type's name or of a schema.

    Args:
        more: What the schema may say beside the words of JSON Schema.
    """
    names = ", ".join(VALUE_TYPES)
    return closed(
        {**_schema_words(), **more},
        **{
            "type": ["string", "object"],
            # The short form `n: integer`; `enum` would also be asked of a mapping.
            "pattern": f"^(?:{'|'.join(VALUE_TYPES)})$",
            "x-says": f"a type ({names}) or a schema such as `{{type: integer}}`",
        },
    )


def limits() -> dict[str, Any]:
    """Return the words that narrow a type."""
    return {
        "enum": {"type": "array", "minItems": 1, "x-says": "a list of allowed values"},
        "items": {"$ref": "#/$defs/value"},
        "properties": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/value"},
            "x-says": "a mapping of names to schemas",
        },
        "pattern": described("A regular expression.", "string"),
        "minimum": {"type": "number", "x-says": "a number"},
        "maximum": {"type": "number", "x-says": "a number"},
    }


def _schema_words() -> dict[str, Any]:
    return {
        "type": {
            "enum": [*VALUE_TYPES, "null"],
            "x-says": f"one of {', '.join(VALUE_TYPES)}, null",
        },
        "description": described("What the value means.", "string"),
        "required": {
            "type": "array",
            "items": {"type": "string", "x-says": "a name"},
            "x-says": "a list of names",
        },
        "additionalProperties": {"type": "boolean", "x-says": "true or false"},
        **limits(),
    }
