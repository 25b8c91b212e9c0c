"""A first look at whether a value fits a schema, without the validator.

To load the validator takes longer than all else that `ciranda validate` does with a short file.
A faultless one, the usual case, does not need it: here "yes" is certain, and whatever is not
certain is left to the validator, which also finds the words for what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set as AbstractSet, Sized
from typing import Any, Final, final

__all__ = ["patterns_of", "surely_fits"]

_EXACT: Final = 2**53  # integers up to here are the same number everywhere
_ANNOTATIONS: Final = frozenset(
    {"$schema", "$defs", "title", "description", "default", "examples", "format", "x-says"}
)


def surely_fits(value: Any, schema: Any, *, patterns: AbstractSet[str] = frozenset()) -> bool:
    """Say whether `value` is certain to fit; False means only that this look cannot tell.

    Args:
        value: Plain data.
        schema: A JSON Schema of draft 2020-12; `$ref` may name what is in its `$defs`.
        patterns: The regular expressions that are known to mean the same to Python.
    """
    try:
        return _Look(schema, patterns).fits(value, schema)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # the schema is none: its validator says what is wrong with it


def patterns_of(schema: Any) -> frozenset[str]:
    """Return the regular expressions in a schema."""
    found: set[str] = set()
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            own = [part.get("pattern"), *part.get("patternProperties", ())]
            found.update(text for text in own if isinstance(text, str))
            left += part.values()
        elif isinstance(part, list):
            left += part
    return frozenset(found)


@final
class _Look:
    __slots__ = ("_patterns", "_root")

    def __init__(self, root: Any, patterns: AbstractSet[str]) -> None:
        self._root: Final = root
        self._patterns: Final = patterns

    def fits(self, value: Any, schema: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        for keyword, wanted in schema.items():
            if keyword in _ANNOTATIONS:
                continue
            rule = _RULES.get(keyword)
            if rule is None or not rule(self, value, wanted, schema):
                return False
        return True

    def matches(self, text: str, pattern: str) -> bool:
        """Say whether the pattern is found; only of text in which no two dialects differ."""
        if pattern not in self._patterns or not (text.isascii() and text.isprintable()):
            return False
        return re.search(pattern, text) is not None

    def ref(self, value: Any, wanted: str, _: Mapping[str, Any]) -> bool:
        start, name = wanted.rpartition("/")[::2]
        definitions = self._root.get("$defs", {})
        return start == "#/$defs" and name in definitions and self.fits(value, definitions[name])

    def pattern(self, value: Any, wanted: str, _: Mapping[str, Any]) -> bool:
        return not isinstance(value, str) or self.matches(value, wanted)

    def properties(self, value: Any, wanted: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
        return not isinstance(value, dict) or all(
            self.fits(each, wanted[name]) for name, each in value.items() if name in wanted
        )

    def other_properties(self, value: Any, wanted: Any, schema: Mapping[str, Any]) -> bool:
        if not isinstance(value, dict):
            return True
        known, matched = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, each in value.items():
            if name in known:
                continue
            if any(self.matches(name, pattern) for pattern in matched):
                continue
            if not self.fits(each, wanted):
                return False
        return True

    def matched_properties(
        self, value: Any, wanted: Mapping[str, Any], _: Mapping[str, Any]
    ) -> bool:
        # To be told that a name does not match is no certainty: the value must fit anyhow.
        return not isinstance(value, dict) or all(
            self.fits(each, inner) for each in value.values() for inner in wanted.values()
        )

    def names(self, value: Any, wanted: Any, _: Mapping[str, Any]) -> bool:
        return not isinstance(value, dict) or all(self.fits(name, wanted) for name in value)

    def items(self, value: Any, wanted: Any, _: Mapping[str, Any]) -> bool:
        return not isinstance(value, list) or all(self.fits(each, wanted) for each in value)

    def any_of(self, value: Any, wanted: list[Any], _: Mapping[str, Any]) -> bool:
        return any(self.fits(value, each) for each in wanted)

    def all_of(self, value: Any, wanted: list[Any], _: Mapping[str, Any]) -> bool:
        return all(self.fits(value, each) for each in wanted)

    def one_of(self, value: Any, wanted: list[Any], _: Mapping[str, Any]) -> bool:
        # That the others do not fit is certain where all they ask for is a key.
        if not isinstance(value, dict) or any(each.keys() != {"required"} for each in wanted):
            return False
        return sum(all(name in value for name in each["required"]) for each in wanted) == 1

    def beside(self, value: Any, wanted: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
        return not isinstance(value, dict) or all(
            self.fits(value, schema) for name, schema in wanted.items() if name in value
        )

    def condition(self, value: Any, wanted: Any, schema: Mapping[str, Any]) -> bool:
        then, otherwise = schema.get("then", True), schema.get("else", True)
        # That a key is not there is as certain as that it is.
        if isinstance(value, dict) and wanted.keys() == {"required"}:
            there = all(name in value for name in wanted["required"])
            return self.fits(value, then if there else otherwise)
        if self.fits(value, wanted):
            return self.fits(value, then)
        return self.fits(value, then) and self.fits(value, otherwise)


_Rule = Callable[[_Look, Any, Any, Mapping[str, Any]], bool]


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return type(value) is int and abs(value) <= _EXACT
    if kind == "number":
        exact = type(value) is int and abs(value) <= _EXACT
        return exact or (type(value) is float and math.isfinite(value))
    return type(value) is _TYPES.get(kind)


_TYPES: Final[Mapping[str, type]] = {
    "null": type(None),
    "boolean": bool,
    "string": str,
    "array": list,
    "object": dict,
}


def _type(_: _Look, value: Any, wanted: str | list[str], __: Mapping[str, Any]) -> bool:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    return any(_is(value, kind) for kind in kinds)


def _equal(_: _Look, value: Any, wanted: Any, __: Mapping[str, Any]) -> bool:
    return type(value) is type(wanted) and type(value) in (str, int, bool) and value == wanted


def _one(look: _Look, value: Any, wanted: list[Any], schema: Mapping[str, Any]) -> bool:
    return any(_equal(look, value, each, schema) for each in wanted)


def _number(compare: Callable[[Any, Any], bool]) -> _Rule:
    def rule(_: _Look, value: Any, wanted: Any, __: Mapping[str, Any]) -> bool:
        if type(value) in (int, float):
            return _is(value, "number") and compare(value, wanted)
        return True

    return rule


def _size(kind: type[Sized], compare: Callable[[int, Any], bool]) -> _Rule:
    def rule(_: _Look, value: Any, wanted: Any, __: Mapping[str, Any]) -> bool:
        return type(value) is not kind or compare(len(value), wanted)

    return rule


def _required(_: _Look, value: Any, wanted: list[str], __: Mapping[str, Any]) -> bool:
    return not isinstance(value, dict) or all(name in value for name in wanted)


def _dependent(
    _: _Look, value: Any, wanted: Mapping[str, list[str]], __: Mapping[str, Any]
) -> bool:
    return not isinstance(value, dict) or all(
        needed in value for name in value for needed in wanted.get(name, ())
    )


def _elsewhere(_: _Look, __: Any, ___: Any, schema: Mapping[str, Any]) -> bool:
    """`then` and `else` belong to `if`, and mean nothing without one."""
    return True


_RULES: Final[Mapping[str, _Rule]] = {
    "$ref": _Look.ref,
    "type": _type,
    "const": _equal,
    "enum": _one,
    "pattern": _Look.pattern,
    "minimum": _number(lambda value, limit: value >= limit),
    "maximum": _number(lambda value, limit: value <= limit),
    "exclusiveMinimum": _number(lambda value, limit: value > limit),
    "exclusiveMaximum": _number(lambda value, limit: value < limit),
    "minLength": _size(str, lambda size, limit: size >= limit),
    "maxLength": _size(str, lambda size, limit: size <= limit),
    "minItems": _size(list, lambda size, limit: size >= limit),
    "maxItems": _size(list, lambda size, limit: size <= limit),
    "minProperties": _size(dict, lambda size, limit: size >= limit),
    "maxProperties": _size(dict, lambda size, limit: size <= limit),
    "items": _Look.items,
    "required": _required,
    "dependentRequired": _dependent,
    "dependentSchemas": _Look.beside,
    "properties": _Look.properties,
    "patternProperties": _Look.matched_properties,
    "additionalProperties": _Look.other_properties,
    "propertyNames": _Look.names,
    "anyOf": _Look.any_of,
    "allOf": _Look.all_of,
    "oneOf": _Look.one_of,
    "if": _Look.condition,
    "then": _elsewhere,
    "else": _elsewhere,
}
