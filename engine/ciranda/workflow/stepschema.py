"""The part of the schema that says what a step may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ciranda.workflow.bodyschema import block, body_schema, declared_schema
from ciranda.workflow.keywords import (
    IDENTIFIER,
    closed,
    condition,
    count,
    described,
    duration,
    text_value,
    words,
)
from ciranda.workflow.modifierschema import attempt_schema, shared_limit_schema

__all__ = ["BESIDE", "BODIES", "REPEATERS", "step_schema", "template_schema"]

BODIES: Final = (
    "uses",
    "run",
    "steps",
    "switch",
    "try",
    "wait",
    "approve",
    "sleep",
    "emit",
    "succeed",
    "fail",
)
REPEATERS: Final = ("map", "matrix", "while", "until")

# Which keys mean something only beside one of others.
BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("stdin", "cwd", "parse", "ok-codes", "inherit-env", "shell"), ("run",)),
    **dict.fromkeys(("with", "secrets"), ("uses", "like")),
    "as": ("map",),
    **dict.fromkeys(("when", "max-parallel", "on-item-failure"), ("map", "matrix")),
    **dict.fromkeys(("catch", "finally"), ("try",)),
    **dict.fromkeys(("max", "every", "on-max"), ("while", "until")),
}
_OF_TEMPLATES: Final = (
    "uses",
    "with",
    "env",
    "executor",
    "estimate",
    "idempotent",
    "idempotency-key",
    "with-middleware",
    "continue-on-error",
    "max-parallel",
    "on-item-failure",
    "like",
)


def step_schema() -> dict[str, Any]:
    """Return the schema of one step; a case of a `switch` is one too."""
    declared = {
        "properties": {
            "outputs": {"additionalProperties": declared_schema()},
        }
    }
    return closed(
        _properties(),
        **{
            "if": {"required": ["like"]},
            "else": {"oneOf": [{"required": [name]} for name in BODIES]},
        },
        allOf=[{"if": {"required": [name]}, "then": declared} for name in ("uses", "run")],
        dependentRequired={key: list(of) for key, of in BESIDE.items() if len(of) == 1},
        dependentSchemas={
            key: {"anyOf": [{"required": [name]} for name in of]}
            for key, of in BESIDE.items()
            if len(of) > 1
        },
        description="One body (`uses`, `run`, `steps`, ...), at most one repeater, modifiers.",
        **{"x-says": "a mapping such as `{uses: data.read, with: {path: a.csv}}`"},
    )


def template_schema() -> dict[str, Any]:
    """Return the schema of what steps share by `like`."""
    known = _properties()
    names = (*_OF_TEMPLATES, *attempt_schema(), *shared_limit_schema())
    return closed(
        {name: known[name] for name in names},
        description="Keys that steps take over by `like`; their own keys win.",
        **{"x-says": "a mapping such as `{retry: 3, timeout: 30s}`"},
    )


def _properties() -> dict[str, Any]:
    return {
        **_call(),
        **body_schema(),
        **_repeater(),
        **_flow(),
        **_afterwards(),
        **attempt_schema(),
        **shared_limit_schema(),
        "env": {
            "type": "object",
            "propertyNames": {"pattern": IDENTIFIER},
            "additionalProperties": text_value(),
            "description": "Environment variables of this step, over those of the file.",
            "x-says": "a mapping of names to text",
        },
        "executor": {
            "type": "string",
            "minLength": 1,
            "description": "`inline`, `thread`, `process` or the name of a plugin's executor.",
            "x-says": "`inline`, `thread`, `process` or the name of a plugin's executor",
        },
        "estimate": duration("How long the step usually takes; urgent work goes first."),
        "idempotent": described("Doing it twice does no harm.", "boolean"),
        "idempotency-key": {
            "description": "Tells the other side that it is the same call; may hold expressions.",
        },
        "with-middleware": {
            "type": "object",
            "propertyNames": {"pattern": r"^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$"},
            "description": "Options of plugins' layers, by `plugin.layer`.",
            "x-says": "a mapping of layers, such as `slack.quiet`, to their options",
        },
        "description": described("What the step is for.", "string"),
    }


def _call() -> dict[str, Any]:
    return {
        "uses": {
            "type": "string",
            "minLength": 1,
            "description": "The action to run: `plugin.action`; or a workflow: `./other.yaml`.",
            "x-says": "the name of an action, such as `data.read`",
        },
        "with": {
            "type": "object",
            "description": "The inputs of the action; values may hold expressions.",
            "x-says": "a mapping of inputs to values",
        },
        "secrets": {
            "type": "object",
            "propertyNames": {"pattern": IDENTIFIER},
            "additionalProperties": {
                "type": "string",
                "minLength": 1,
                "x-says": "a secret, such as `${{ secrets.KEY }}`",
            },
            "description": "The secrets that a workflow used as a step is given.",
            "x-says": "a mapping such as `{KEY: ${{ secrets.KEY }}}`",
        },
        "run": {
            "type": ["string", "array"],
            "minLength": 1,
            "minItems": 1,
            "items": text_value(),
            "description": "A program: a list of words, or text split as a shell would.",
            "x-says": "a command such as `[python, report.py]` or `python report.py`",
        },
        "stdin": {"description": "What the program reads: text, or data sent as JSON."},
        "cwd": described("Folder the program starts in.", "string"),
        "parse": words(
            "text", "lines", "json", "jsonl", says="How `output.data` is made of stdout."
        ),
        "ok-codes": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 255, "x-says": "an exit code"},
            "minItems": 1,
            "description": "Exit codes that are no failure.",
            "x-says": "a list of exit codes such as `[0, 1]`",
        },
        "inherit-env": {
            "type": ["boolean", "array"],
            "items": {"type": "string", "x-says": "the name of a variable"},
            "description": "Variables of the caller that the program also sees.",
            "x-says": "true, false or a list of names",
        },
        "shell": described("Give the text of `run` to a real shell.", "boolean"),
    }


def _repeater() -> dict[str, Any]:
    return {
        "map": {
            "type": ["string", "array"],
            "description": "A list; the step runs once for each item.",
            "x-says": "a list, such as `${{ steps.load.output }}`",
        },
        "as": {
            "type": "string",
            "pattern": IDENTIFIER,
            "description": "Name of the item; `<as>_index` is its place.",
            "x-says": "a name made of letters, digits and `_`",
        },
        "when": condition("Whether an item is worked on; false = skipped."),
        "matrix": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": IDENTIFIER},
            "properties": {
                name: {
                    "type": ["array", "string"],
                    "minLength": 1,
                    "items": {"type": "object", "x-says": "a mapping such as `{os: linux}`"},
                    "description": says,
                    "x-says": "a list of mappings such as `[{os: linux}]`",
                }
                for name, says in (
                    ("include", "Combinations, or values of them, that are added."),
                    ("exclude", "Combinations that are left out."),
                )
            },
            "additionalProperties": {
                "type": ["array", "string"],
                "minItems": 1,
                "minLength": 1,
                "x-says": "a list of values, such as `[linux, macos]`",
            },
            "description": "The step runs once for each combination, read as `matrix`.",
            "x-says": "a mapping such as `{os: [linux, macos]}`",
        },
        "while": condition("The step is repeated as long as this holds; asked before each turn."),
        "until": condition("The step is repeated until this holds; asked after each turn."),
        "max": count("How many turns at most; 1000 unless told."),
        "every": duration("Time from the start of one turn to the start of the next."),
        "on-max": words("fail", "stop", says="What it means that no turn is left."),
        "max-parallel": count("How many items run at once."),
        "on-item-failure": words(
            "stop", "finish", "keep", says="What a failed item means for the rest."
        ),
    }


def _flow() -> dict[str, Any]:
    return {
        "like": {
            "type": ["string", "array"],
            "items": {"type": "string", "x-says": "the name of a template"},
            "description": "Templates whose keys the step takes over; the last one wins.",
            "x-says": "the name of a template or a list of names",
        },
        "join": closed(
            {
                "at-least": count("How many have to succeed."),
                "rest": words("finish", "cancel", says="What becomes of the others then."),
            },
            required=["at-least"],
            description="How many branches of a group, or items of a map, have to succeed.",
            **{
                "type": ["string", "object"],
                "pattern": "^(?:all|any|race)$",
                "x-says": "`all`, `any`, `race` or a mapping such as `{at-least: 2}`",
            },
        ),
        "needs": {
            "type": ["string", "array"],
            "items": {"type": "string", "x-says": "the id of a step"},
            "description": "Steps that must have ended before; those read in `${{ }}` are implied.",
            "x-says": "the id of a step or a list of ids",
        },
        "if": condition("Whether the step runs; false = skipped."),
        "continue-on-error": {
            "type": ["boolean", "string", "array"],
            "items": {"type": "string", "minLength": 1, "x-says": "an error kind"},
            "minLength": 1,
            "description": "Failures (or those of these kinds) that do not fail the run.",
            "x-says": "true, false or a list of error kinds",
        },
    }


def _afterwards() -> dict[str, Any]:
    return {
        "outputs": {
            "type": "object",
            "description": "Of a group or a `try`: its output. Of an action: what it must give.",
            "x-says": "a mapping of names to values, or of an action's outputs to their types",
        },
        "on-failure": block("What is done after the step failed for good."),
        "on-cancel": block("What is done after the step was cancelled."),
        "compensate": block("What undoes the step when the run fails later."),
    }
