"""The part of JSON Schema that the static check reads: types, properties, items, alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
"""A JSON Schema; `{}` is anything."""

ANY: Final[Schema] = {}
WORDS: Final = {
    "null": "null", "boolean": "a boolean", "integer": "a number", "number": "a number",
    "string": "a text", "array": "a list", "object": "an object",
}  # fmt: skip
_KINDS: Final[dict[type, str]] = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string",
    list: "array", dict: "object",
}  # fmt: skip
_REFERENCES: Final = 32  # followed in a row


def of_value(value: Any) -> Schema:
    """Return the schema of one known value."""
    kind = _KINDS.get(type(value))
    return {"type": kind, "const": value} if kind is not None else ANY


def within(parent: Schema, child: Any) -> Schema:
    """Return a schema that stands within another one and may refer to its `$defs`."""
    if not isinstance(child, Mapping):
        return ANY
    if "$defs" in parent and "$defs" not in child:
        return {**child, "$defs": parent["$defs"]}
    return child


def alternatives(schema: Schema) -> list[Schema]:
    """Return the schemas of one type each that a schema stands for; ANY is one of them."""
    for _ in range(_REFERENCES):
        target = schema.get("$ref")
        if not isinstance(target, str):
            break
        definitions = schema.get("$defs", {})
        schema = within(schema, definitions.get(target.rpartition("/")[2]))
    else:
        return [ANY]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            inner = (within(schema, each) for each in schema[word])
            return [one for each in inner for one in alternatives(each)]
    kind = schema.get("type")
    if isinstance(kind, str):
        return [schema]
    if isinstance(kind, Iterable):
        return [{**schema, "type": each} for each in kind]
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    kinds = dict.fromkeys(_KINDS.get(type(value), "") for value in values)
    if kinds and all(kinds):
        return [{"type": each} for each in kinds]
    if "properties" in schema:
        return [{**schema, "type": "object"}]
    return [ANY]


def kinds(schema: Schema) -> list[str] | None:
    """Return the types that a value may have, or None when they are not known."""
    found = [each.get("type") for each in alternatives(schema)]
    return [str(each) for each in found] if all(found) else None


def either(schemas: Iterable[Schema]) -> Schema:
    """Return the schema of a value that fits one of several."""
    different: list[Schema] = []
    for schema in schemas:
        if not schema:
            return ANY
        if schema not in different:
            different.append(schema)
    if len(different) == 1:
        return different[0]
    return {"anyOf": different} if different else ANY


def without_null(schema: Schema) -> Schema:
    """Return the schema of a value that is not null."""
    return either(each for each in alternatives(schema) if each.get("type") != "null")


def property_of(schema: Schema, name: str) -> Schema | None:
    """Return the schema of a property, or None when no alternative can have it."""
    found: list[Schema] = []
    for each in alternatives(schema):
        kind = each.get("type")
        if kind is None:
            return ANY
        if kind == "object":
            rest = each.get("additionalProperties", True)
            properties = each.get("properties", {})
            if name in properties:
                found.append(within(each, properties[name]))
            elif rest is not False:
                found.append(within(each, rest))
            elif name == "length":
                found.append({"type": "integer"})
        elif name == "length" and kind in {"array", "string"}:
            found.append({"type": "integer"})
    return either(found) if found else None


def property_names(schema: Schema) -> list[str]:
    """Return the properties that are declared."""
    return [name for each in alternatives(schema) for name in each.get("properties", {})]


def items_of(schema: Schema) -> Schema | None:
    """Return the schema of what a loop over the value yields, or None when it has no items."""
    found: list[Schema] = []
    for each in alternatives(schema):
        kind = each.get("type")
        if kind is None:
            return ANY
        if kind == "array":
            found.append(within(each, each.get("items", ANY)))
        elif kind in {"string", "object"}:
            found.append({"type": "string"})
    return either(found) if found else None


def describe(schema: Schema) -> str:
    """Name the type for a person."""
    words = dict.fromkeys(
        WORDS.get(str(each.get("type")), "a value") for each in alternatives(schema)
    )
    return " or ".join(words)
