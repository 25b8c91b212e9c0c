"""Where paths are in the inputs of an action, however deep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["has_path", "with_paths"]

_BRANCHES: Final = ("anyOf", "oneOf", "allOf")


def has_path(schema: Mapping[str, Any]) -> bool:
    """Say whether a JSON Schema has text of format `path` anywhere."""
    if schema.get("format") == "path":
        return True
    return any(
        has_path(each) if isinstance(each, Mapping) else _any_path(each) for each in schema.values()
    )


def _any_path(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(each, Mapping) and has_path(each) for each in value
    )


def with_paths(value: Any, schema: Mapping[str, Any], change: Callable[[str], Any]) -> Any:
    """Return a value with each path in it changed; itself when there is none.

    Args:
        value: Plain data.
        schema: The JSON Schema that says which text is a path.
        change: Returns what stands in a path's place.
    """
    for word in _BRANCHES:
        for branch in schema.get(word, ()):
            changed = with_paths(value, branch, change)
            if changed is not value:
                return changed
    if isinstance(value, str) and schema.get("format") == "path":
        return change(value)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        each = [with_paths(item, schema["items"], change) for item in value]
        return each if _differs(each, value) else value
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        others = rest if isinstance(rest, Mapping) else {}
        made = {
            key: with_paths(item, fields.get(key, others), change) for key, item in value.items()
        }
        return made if _differs(list(made.values()), list(value.values())) else value
    return value


def _differs(made: list[Any], value: list[Any]) -> bool:
    return any(new is not old for new, old in zip(made, value, strict=True))
