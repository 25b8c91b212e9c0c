"""The part of the schema that says what a step may hold."""

from __future__ import annotations

from typing import Any, Final

from ciranda.workflow.durations import DURATION_PATTERN

__all__ = ["IDENTIFIER", "RUN_SIBLINGS", "described", "duration", "step_schema", "text_value"]

IDENTIFIER: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
RUN_SIBLINGS: Final = ("stdin", "cwd", "parse", "ok-codes", "inherit-env", "shell")


def described(says: str, kind: str) -> dict[str, Any]:
    """Return the schema of a key that takes text or a boolean."""
    words = {"string": "text", "boolean": "true or false"}
    return {"type": kind, "description": says, "x-says": words[kind]}


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


def _count(says: str, least: int = 1) -> dict[str, Any]:
    return {
        "type": "integer",
        "minimum": least,
        "description": says,
        "x-says": f"a whole number from {least}",
    }


def _quota(says: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": r"^[1-9][0-9]{0,8}/(?:[0-9]{1,12}(?:ms|s|m|h|d))+$",
        "description": says,
        "x-says": "a rate such as `50/1m`",
    }


def _share(says: str) -> dict[str, Any]:
    return {
        "type": ["string", "number"],
        "pattern": r"^(?=.*[1-9])(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)%$",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "description": says,
        "x-says": "a share such as `50%` or `0.5`",
    }


def _kinds(says: str) -> dict[str, Any]:
    return {
        "type": ["array", "string"],
        "items": {"type": "string", "minLength": 1, "x-says": "an error kind"},
        "minLength": 1,
        "description": says,
        "x-says": "a list of error kinds such as `[timeout, unavailable]`",
    }


def _words(*words: str, says: str) -> dict[str, Any]:
    shown = " or ".join([", ".join(f"`{word}`" for word in words[:-1]), f"`{words[-1]}`"])
    return {"enum": list(words), "description": says, "x-says": shown}


def _closed(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def _key() -> dict[str, Any]:
    return {"description": "What is told apart; may hold expressions."}


def step_schema() -> dict[str, Any]:
    """Return the schema of one step."""
    return _closed(
        {
            **_body(),
            **_repeater(),
            **_flow(),
            **_attempts(),
            **_shared_limits(),
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
            "with-middleware": {
                "type": "object",
                "propertyNames": {"pattern": r"^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$"},
                "description": "Options of plugins' layers, by `plugin.layer`.",
                "x-says": "a mapping of layers, such as `slack.quiet`, to their options",
            },
            "description": described("What the step is for.", "string"),
        },
        oneOf=[{"required": ["uses"]}, {"required": ["run"]}],
        dependentRequired={
            **{name: ["run"] for name in RUN_SIBLINGS},
            "with": ["uses"],
            **{name: ["map"] for name in ("as", "when", "max-parallel", "on-item-failure")},
        },
        description="One body (`uses` or `run`), at most one repeater, modifiers.",
        **{"x-says": "a mapping such as `{uses: data.read, with: {path: a.csv}}`"},
    )


def _body() -> dict[str, Any]:
    return {
        "uses": {
            "type": "string",
            "minLength": 1,
            "description": "The action to run: `plugin.action`.",
            "x-says": "the name of an action, such as `data.read`",
        },
        "with": {
            "type": "object",
            "description": "The inputs of the action; values may hold expressions.",
            "x-says": "a mapping of inputs to values",
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
        "parse": _words(
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
        "when": _condition("Whether an item is worked on; false = skipped."),
        "max-parallel": _count("How many items run at once."),
        "on-item-failure": _words(
            "stop", "finish", "keep", says="What a failed item means for the rest."
        ),
    }


def _condition(says: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": says, "x-says": "an expression"}


def _flow() -> dict[str, Any]:
    return {
        "needs": {
            "type": ["string", "array"],
            "items": {"type": "string", "x-says": "the id of a step"},
            "description": "Steps that must have ended before; those read in `${{ }}` are implied.",
            "x-says": "the id of a step or a list of ids",
        },
        "if": _condition("Whether the step runs; false = skipped."),
        "continue-on-error": {
            "type": ["boolean", "string", "array"],
            "items": {"type": "string", "minLength": 1, "x-says": "an error kind"},
            "minLength": 1,
            "description": "Failures (or those of these kinds) that do not fail the run.",
            "x-says": "true, false or a list of error kinds",
        },
    }


def _attempts() -> dict[str, Any]:
    return {
        "retry": _closed(
            {
                "attempts": _count("How often in all; the first counts."),
                "backoff": duration("Wait before the second attempt."),
                "factor": {"type": "number", "minimum": 1, "x-says": "a number from 1"},
                "cap": duration("Longest wait."),
                "jitter": _words("full", "none", says="Whether waits are drawn at random."),
                "on": _kinds("Error kinds that are tried again."),
                "unless": _kinds("Error kinds that are not."),
            },
            description="How often and when a failed attempt is followed by another.",
            **{
                "type": ["integer", "string", "object"],
                "minimum": 1,
                "pattern": "^none$",
                "x-says": "a number of attempts, `none`, or a mapping such as `{attempts: 3}`",
            },
        ),
        "timeout": duration("Longest time of one attempt."),
        "deadline": duration("Longest time of all attempts and waits."),
        "cache": _closed(
            {
                "ttl": duration("How long an answer is good."),
                "key": _key(),
                "scope": _words("run", "project", "shared", says="Who shares the answer."),
                "refresh": described("Work again and replace what is kept.", "boolean"),
            },
            description="Keep the answer and give it again for the same inputs.",
            **{
                "type": ["boolean", "object"],
                "x-says": "true, false or a mapping such as `{ttl: 1h}`",
            },
        ),
    }


def _shared_limits() -> dict[str, Any]:
    return {
        "breaker": _closed(
            {
                "failures": _share("Share of failures that opens."),
                "slow": _share("Share of slow calls that opens."),
                "slow-after": duration("A call that takes longer is slow."),
                "window": {
                    "type": ["integer", "string"],
                    "minimum": 1,
                    "pattern": DURATION_PATTERN,
                    "description": "The last calls, or the last seconds, that count.",
                    "x-says": "a number of calls or a duration such as `10s`",
                },
                "minimum": _count("Calls in the window before it may open."),
                "open": duration("How long it refuses before it probes."),
                "factor": {"type": "number", "minimum": 1, "x-says": "a number from 1"},
                "cap": duration("Longest time open."),
                "probes": _count("Calls let through to find out."),
                "key": _key(),
            },
            description="Refuse calls when the last ones failed.",
            **{"x-says": "a mapping such as `{failures: 50%, window: 20, open: 30s}`"},
        ),
        "rate": _closed(
            {
                "requests": _quota("How many starts in how long."),
                "input-tokens": _quota("How many tokens that go in, in how long."),
                "output-tokens": _quota("How many tokens that come out, in how long."),
                "cost": _closed(
                    {
                        name: {
                            "type": ["integer", "string"],
                            "minimum": 0,
                            "description": "What one attempt is expected to take.",
                            "x-says": "a whole number from 0, or an expression in `${{ }}`",
                        }
                        for name in ("requests", "input-tokens", "output-tokens")
                    },
                    description="What one attempt is expected to take of each.",
                    **{"x-says": "a mapping such as `{input-tokens: 1200}`"},
                ),
                "shared": _words("engine", "machine", says="Who counts together."),
                "key": _key(),
            },
            description="At most so many starts, and tokens, in any window of time.",
            **{"x-says": "a mapping such as `{requests: 50/1m}`"},
        ),
        "concurrency": _closed(
            {
                "group": {
                    "type": ["string", "number", "boolean", "array", "object"],
                    "description": "Steps of one group share the limit.",
                    "x-says": "a name, such as `deploy`",
                },
                "max": _count("How many at once."),
                "policy": _words(
                    "queue", "cancel-old", "cancel-new", "fail", says="What happens to the next."
                ),
            },
            required=["group"],
            description="At most `max` at once among the steps of a group.",
            **{"x-says": "a mapping such as `{group: deploy, max: 1}`"},
        ),
    }
