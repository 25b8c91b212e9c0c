"""What each tag is, as a table: its attributes, which of them must stand, what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple


class Shape(NamedTuple):
    """Attributes of one tag."""

    attributes: frozenset[str]
    needed: tuple[str, ...] = ()


_CHECKS: Final = "validate pattern min max minlength maxlength range enum"


def _shape(attributes: str, needed: str = "") -> Shape:
    return Shape(
        frozenset(f"{attributes} {needed} description hint".split()), tuple(needed.split())
    )


TAGS: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "component": _shape("name type"),
        "param": _shape(f"type required default value {_CHECKS}", "name"),
        "set": _shape(
            f"value default type scope operation step index key source required nullable {_CHECKS}",
            "name",
        ),
        "if": _shape("", "condition"),
        "elseif": _shape("", "condition"),
        "else": _shape(""),
        "loop": _shape("type var index from to step items delimiter query while"),
        "break": _shape(""),
        "continue": _shape(""),
        "function": _shape("returnType cache memoize pure", "name"),
        "return": _shape("value type name"),
        "import": _shape("as", "component"),
        "slot": _shape("name"),
        "log": _shape("level when context", "message"),
        "try": _shape(""),
        "catch": _shape("var type"),
        "finally": _shape(""),
        "throw": _shape("type", "message"),
        "raw": _shape("value"),
        "query": _shape("datasource source", "name"),
        "data": _shape("type source value delimiter path", "name"),
        "column": _shape("type", "name"),
        "field": _shape("type", "name"),
        "transform": _shape(""),
        "filter": _shape("", "condition"),
        "sort": _shape("by order"),
        "limit": _shape("", "value"),
        "compute": _shape("type", "field expression"),
        "select": _shape("", "fields"),
        "unique": _shape("by"),
        "invoke": _shape("name", "action"),
        "fetch": _shape("method", "name url"),
        "dispatchEvent": _shape("data", "event"),
        "onEvent": _shape("var", "event"),
        "transaction": _shape("datasource"),
        "dump": _shape("label", "var"),
    }
)
WITHIN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "elseif": ("if",), "else": ("if",), "catch": ("try",), "finally": ("try",),
        "param": ("component", "function", "query", "invoke", "fetch"),
        "column": ("data",), "field": ("data",), "transform": ("data",),
        **dict.fromkeys(("filter", "sort", "limit", "compute", "select", "unique"), ("transform",)),
        "function": ("component",), "import": ("component",), "onEvent": ("component",),
    }
)  # fmt: skip
"""Tags that have a meaning only within some others."""

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("scene", "sprite", "physics", "collision", "animation", "camera", "input", "sound"),
            "games",
        ),
        **dict.fromkeys(("agent", "llm", "knowledge", "team", "tool", "websearch"), "agents"),
        **dict.fromkeys(("island", "hydrate"), "islands"),
        **dict.fromkeys(
            ("application", "window", "screen", "terminal", "menu", "keybinding", "panel"),
            "desktop, mobile and terminal interfaces",
        ),
        "python": "Python code; it needs a trusted host",
    }
)
TYPES: Final = frozenset(
    [
        "string", "number", "integer", "decimal", "boolean", "array", "object", "json", "any",
        "date", "datetime",
    ]
)  # fmt: skip
PARAM_TYPES: Final = TYPES | {"email", "url"}
OPERATIONS: Final = frozenset(
    [
        "assign", "increment", "decrement", "add", "subtract", "multiply", "divide", "modulo",
        "toggle", "append", "prepend", "remove", "removeAt", "clear", "sort", "reverse", "unique",
        "merge", "setProperty", "deleteProperty", "clone", "uppercase", "lowercase", "trim",
    ]
)  # fmt: skip
SCOPES: Final = frozenset(["local", "function", "component", "session", "application", "request"])
MAPS: Final = frozenset(["session", "application", "request"])
LOOPS: Final = frozenset(["range", "array", "list", "object", "query", "while"])
LEVELS: Final = frozenset(
    ["trace", "debug", "info", "warn", "warning", "error", "critical", "fatal"]
)
VOID: Final = frozenset(
    [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
        "source", "track", "wbr",
    ]
)  # fmt: skip
RAW: Final = frozenset(["script", "style"])


def table() -> dict[str, Any]:
    """Return the tags as plain data, for editors."""
    return {
        f"q:{name}": {
            "attributes": sorted(shape.attributes),
            "required": sorted(shape.needed),
            "within": [f"q:{each}" for each in WITHIN.get(name, ())],
        }
        for name, shape in sorted(TAGS.items())
    }
