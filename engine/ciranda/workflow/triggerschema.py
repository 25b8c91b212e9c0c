"""The part of the schema that says what makes `ciranda serve` begin a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ciranda.trigger import TriggerKind
from ciranda.workflow.keywords import closed, condition, described, text_value, words
from ciranda.workflow.relaxed import relaxed

__all__ = ["trigger_schema"]

_OF_PLUGINS: Final = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$"


def trigger_schema(kinds: Iterable[TriggerKind] = ()) -> dict[str, Any]:
    """Return the schema of `on`.

    Args:
        kinds: Those that plugins offer, for editors; without them any namespaced kind fits.
    """
    schema = closed(
        {
            "webhook": closed(
                {
                    "path": {
                        "type": "string",
                        "pattern": "^/",
                        "description": "Path of the address.",
                        "x-says": "a path that begins with `/`, such as `/orders`",
                    },
                    "token": described("What callers must show.", "string"),
                    "inputs": _inputs(),
                },
                required=["path"],
                description="A request that comes in.",
                **{"x-says": "a mapping such as `{path: /orders, token: ...}`"},
            ),
            "schedule": {
                "type": "array",
                "minItems": 1,
                "items": _schedule(),
                "description": "Times.",
                "x-says": 'a list such as `[{cron: "0 6 * * *"}]`',
            },
            "event": closed(
                {
                    "name": {
                        "type": "string",
                        "minLength": 1,
                        "description": "Name of the event.",
                        "x-says": "the name of an event",
                    },
                    "where": condition("Which events count; reads `event`."),
                    "inputs": _inputs(),
                },
                required=["name"],
                description="An event that somebody tells of.",
                **{"x-says": "a mapping such as `{name: paid}`"},
            ),
            "files": closed(
                {
                    "paths": {
                        "type": ["array", "string"],
                        "minLength": 1,
                        "minItems": 1,
                        "items": text_value(),
                        "description": "Paths and patterns such as `in/*.csv`.",
                        "x-says": "a path or a list such as `[in/*.csv]`",
                    },
                    "inputs": _inputs(),
                },
                required=["paths"],
                description="Files that appear or change.",
                **{"x-says": "a mapping such as `{paths: [in/*.csv]}`"},
            ),
        },
        minProperties=1,
        description="What makes `ciranda serve` begin a run.",
        **{"x-says": "a mapping such as `{webhook: {path: /orders}}`"},
        patternProperties={_OF_PLUGINS: _either({"type": "object", "properties": _of_engine()})},
    )
    for kind in sorted(kinds, key=lambda each: each.name):
        schema["properties"][kind.name] = _of_plugin(kind)
    return schema


def _of_plugin(kind: TriggerKind) -> dict[str, Any]:
    options = relaxed(kind.schema)
    one = closed({**options.get("properties", {}), **_of_engine()})
    if options.get("required"):
        one["required"] = options["required"]
    return {**_either(one), "description": kind.doc.strip().split("\n\n", 1)[0]}


def _either(one: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one trigger, or of a list of them."""
    says = {"x-says": "a mapping of options, or a list of such mappings"}
    return {**one, "type": ["array", "object"], "minItems": 1, "items": {**one, **says}, **says}


def _of_engine() -> dict[str, Any]:
    return {"where": condition("Which events count; reads `event`."), "inputs": _inputs()}


def _schedule() -> dict[str, Any]:
    return closed(
        {
            "cron": {
                "type": "string",
                "minLength": 1,
                "description": "Minute, hour, day, month, day of the week.",
                "x-says": "a cron text such as `0 6 * * mon-fri`",
            },
            "timezone": described("A name such as `Europe/Lisbon`; else UTC.", "string"),
            "missed": words("skip", "one", "all", says="What becomes of times that passed."),
            "inputs": _inputs(),
        },
        required=["cron"],
        **{"x-says": 'a mapping such as `{cron: "0 6 * * *"}`'},
    )


def _inputs() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Inputs of the run; values may read `event`.",
        "x-says": "a mapping such as `{order: ${{ event.data }}}`",
    }
