"""A schema that also takes `${{ }}` wherever it takes a value.

What an expression gives is checked on its own, by the expression's type.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["EXPRESSION_PATTERN", "relaxed"]

EXPRESSION_PATTERN: Final = r"\$\{\{"

_HOLDS_ONE: Final = ("items", "additionalProperties", "contains")
_HOLDS_MANY: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_HOLDS_NAMED: Final = ("properties", "patternProperties", "$defs")


def relaxed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an action's inputs with each value inside also an expression."""
    return {key: _inside(key, value) for key, value in schema.items()}


def _inside(key: str, value: Any) -> Any:
    if key in _HOLDS_ONE and isinstance(value, dict):
        return _either(value)
    if key in _HOLDS_MANY and isinstance(value, list):
        # The branches belong to one value, which was let through above if it is text with `${{`.
        return [relaxed(each) if key != "prefixItems" else _either(each) for each in value]
    if key == "$defs":
        return {name: relaxed(each) for name, each in value.items()}
    if key in _HOLDS_NAMED and isinstance(value, dict):
        return {name: _either(each) for name, each in value.items()}
    return value


def _either(schema: Any) -> Any:
    if not isinstance(schema, dict) or not schema:
        return schema
    inner = relaxed(schema)
    outer = {key: inner[key] for key in ("description", "title", "default") if key in inner}
    # `if`/`else` and not `anyOf`: the faults of `inner` keep their own places.
    return {
        **outer,
        "if": {"type": "string", "pattern": EXPRESSION_PATTERN},
        "then": True,
        "else": inner,
    }
