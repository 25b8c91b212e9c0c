"""Small schemas that the parts of the language's schema are made of."""

from __future__ import annotations

from typing import Any, Final

from ciranda.workflow.durations import DURATION_PATTERN

__all__ = [
    "IDENTIFIER",
    "closed",
    "condition",
    "count",
    "described",
    "duration",
    "kinds",
    "text_value",
    "words",
]

IDENTIFIER: Final = "^[A-Za-z_][A-Za-z0-9_]*$"


def described(says: str, kind: str) -> dict[str, Any]:
    """Return the schema of a key that takes text or a boolean."""
    named = {"string": "text", "boolean": "true or false"}
    return {"type": kind, "description": says, "x-says": named[kind]}


def duration(says: str) -> dict[str, Any]:
    """Return the schema of a length of time."""
    return {
        "type": "string",
        "pattern": DURATION_PATTERN,
        "description": says,
        "x-says": "a duration such as `250ms`, `30s` or `1h30m`",
    }


def text_value() -> dict[str, Any]:
    """Return the schema of what is read as text, quoted or not."""
    return {"type": ["string", "number", "boolean"], "x-says": "text"}


def count(says: str, least: int = 1) -> dict[str, Any]:
    """Return the schema of a whole number."""
    return {
        "type": "integer",
        "minimum": least,
        "description": says,
        "x-says": f"a whole number from {least}",
    }


def kinds(says: str) -> dict[str, Any]:
    """Return the schema of error kinds: one, or a list."""
    return {
        "type": ["array", "string"],
        "items": {"type": "string", "minLength": 1, "x-says": "an error kind"},
        "minLength": 1,
        "description": says,
        "x-says": "a list of error kinds such as `[timeout, unavailable]`",
    }


def words(*options: str, says: str) -> dict[str, Any]:
    """Return the schema of one of a few words."""
    shown = " or ".join([", ".join(f"`{word}`" for word in options[:-1]), f"`{options[-1]}`"])
    return {"enum": list(options), "description": says, "x-says": shown}


def condition(says: str) -> dict[str, Any]:
    """Return the schema of an expression that is true or false."""
    return {"type": "string", "minLength": 1, "description": says, "x-says": "an expression"}


def closed(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the schema of a mapping that has these keys and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}
