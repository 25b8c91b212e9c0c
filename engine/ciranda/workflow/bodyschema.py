"""The part of the schema that says what a step may do other than call an action."""

from __future__ import annotations

from typing import Any

from ciranda.workflow.durations import DURATION_PATTERN
from ciranda.workflow.keywords import (
    IDENTIFIER,
    closed,
    condition,
    described,
    duration,
    kinds,
    text_value,
    words,
)
from ciranda.workflow.valueschema import typed

__all__ = ["block", "block_schema", "body_schema", "declared_schema"]


def block(says: str) -> dict[str, Any]:
    """Return the schema of a key that takes steps."""
    return {"$ref": "#/$defs/steps", "description": says}


def block_schema() -> dict[str, Any]:
    """Return what all mappings of steps are."""
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": IDENTIFIER},
        "additionalProperties": {"$ref": "#/$defs/step"},
        "description": "Ids are names; steps form a graph, not a sequence.",
        "x-says": "a mapping of step ids to steps",
    }


def body_schema() -> dict[str, Any]:
    """Return the schemas of the bodies that the engine itself performs, by key."""
    return {
        "steps": block("A group: steps that are one step to the others."),
        **_choices(),
        **_pauses(),
        "emit": closed(
            {
                "event": described("Name of the event; may hold expressions.", "string"),
                "data": {"description": "What it carries; may hold expressions."},
            },
            required=["event"],
            description="Tell every run that waits for it.",
            **{"x-says": "a mapping such as `{event: paid, data: ...}`"},
        ),
        "succeed": closed(
            {
                "outputs": {
                    "type": "object",
                    "description": "What the run gives back.",
                    "x-says": "a mapping such as `{total: ${{ steps.add.output }}}`",
                }
            },
            description="End the run now, as succeeded.",
            **{"x-says": "a mapping such as `{outputs: {found: true}}`, or `{}`"},
        ),
        "fail": closed(
            {
                "kind": {
                    "type": "string",
                    "pattern": r"^[A-Za-z][A-Za-z0-9_.-]*$|\$\{\{",
                    "description": "Kind of the error; may hold expressions.",
                    "x-says": "a kind such as `refused` or `shop.no_funds`",
                },
                "message": described("What is wrong; may hold expressions.", "string"),
                "detail": {"description": "More about it, as data."},
            },
            required=["message"],
            description="Fail, with an error of your own.",
            **{"x-says": "a mapping such as `{kind: refused, message: no funds}`"},
        ),
    }


def _choices() -> dict[str, Any]:
    return {
        "switch": {
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/step"},
            "description": "The first case whose `if` holds; the last may have none.",
            "x-says": "a list of cases such as `[{if: ..., run: ...}, {run: ...}]`",
        },
        "try": block("Steps whose failure `catch` may mend."),
        "catch": {
            "type": "array",
            "minItems": 1,
            "items": closed(
                {
                    "on": kinds("Error kinds that it catches; without it, all."),
                    "as": {
                        "type": "string",
                        "pattern": IDENTIFIER,
                        "description": "Name of the error; else `error`.",
                        "x-says": "a name made of letters, digits and `_`",
                    },
                    "steps": block("What is done then."),
                },
                required=["steps"],
                **{"x-says": "a mapping such as `{on: [timeout], steps: {...}}`"},
            ),
            "description": "What is done when a step of `try` failed; the first that fits.",
            "x-says": "a list such as `[{on: [timeout], steps: {...}}]`",
        },
        "finally": block("What is done after `try` and `catch`, however they ended."),
    }


def _pauses() -> dict[str, Any]:
    return {
        "wait": closed(
            {
                "event": described("Name of the event; may hold expressions.", "string"),
                "where": condition("Which events count; reads `event.data`, `event.source`."),
                "timeout": duration("Longest wait."),
                "default": {"description": "The output when none came in time."},
            },
            required=["event"],
            description="Wait for an event from outside.",
            **{"x-says": "a mapping such as `{event: paid, timeout: 1d}`"},
        ),
        "approve": closed(
            {
                "prompt": described("What is asked; may hold expressions.", "string"),
                "form": {
                    "type": "object",
                    "propertyNames": {"pattern": IDENTIFIER},
                    "additionalProperties": typed(
                        default={"description": "What it is when it is left out."}
                    ),
                    "description": "What the answer must also say.",
                    "x-says": "a mapping such as `{reason: string}`",
                },
                "who": {
                    "type": ["array", "string"],
                    "minLength": 1,
                    "minItems": 1,
                    "items": text_value(),
                    "description": "Who may answer; without it, anyone.",
                    "x-says": "a name or a list of names",
                },
                "timeout": duration("Longest wait."),
                "default": {
                    "type": ["object", "string"],
                    "required": ["approved"],
                    "pattern": r"^\s*\$\{\{",
                    "description": "The answer when none came in time.",
                    "x-says": "an answer such as `{approved: false}`",
                },
                "on-reject": words("fail", "continue", says="What a no means."),
            },
            description="Wait for a person's yes or no.",
            **{"x-says": "a mapping such as `{prompt: Ship it?}`"},
        ),
        "sleep": {
            "type": "string",
            "pattern": rf"{DURATION_PATTERN}|^\s*\$\{{\{{",
            "description": "Do nothing for so long; survives a restart.",
            "x-says": "a duration such as `30s` or `1h30m`, or one `${{ }}` that gives one",
        },
    }


def declared_schema() -> dict[str, Any]:
    """Return the schema of one output that an action or a program is said to have."""
    schema = typed(file=described("A file of the step's folder that is kept.", "string"))
    words = str(schema["x-says"]).replace(") or a schema", "), a schema")
    schema["x-says"] = f"{words} or a file such as `{{file: out.bin}}`"
    return schema
