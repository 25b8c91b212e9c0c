"""The JSON Schema of test files: what editors complete and what is validated."""

from __future__ import annotations

from typing import Any

from ciranda.workflow.durations import DURATION_PATTERN

__all__ = ["schema_of_tests"]

_STATUSES = ["succeeded", "failed", "cancelled", "waiting"]
_STEP_STATUSES = ["pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled"]


def schema_of_tests() -> dict[str, Any]:
    """Return the schema of a test file."""
    shared = {
        "workflow": _text("The workflow, relative to this file; else the file beside it."),
        "env": _map(_text("Text."), "All that `env` and `secrets` of the workflow see."),
        "mocks": _map({"$ref": "#/$defs/mock"}, "Stand-ins by step id, path or action."),
        "real": _flag("Perform actions that have no stand-in."),
        "time": {"enum": ["virtual", "real"], "description": "Whether waiting takes time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ciranda tests",
        "type": "object",
        "required": ["cases"],
        "properties": {
            **shared,
            "cases": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/case"},
                "description": "Each is one run.",
            },
        },
        "patternProperties": {"^x-": {"description": "Yours: it is not read."}},
        "additionalProperties": False,
        "$defs": {
            "case": _object(
                {
                    "name": _text("What it is called."),
                    **shared,
                    "inputs": _map({}, "Inputs of the run."),
                    "events": {
                        "type": "array",
                        "items": {"$ref": "#/$defs/event"},
                        "description": "Events that reach the run.",
                    },
                    "approvals": _map({"$ref": "#/$defs/approval"}, "Answers by step id or path."),
                    "expect": {"$ref": "#/$defs/expect"},
                },
                required=["name"],
            ),
            "mock": _object(
                {
                    **_attempt(),
                    "attempts": {
                        "type": "array",
                        "minItems": 1,
                        "items": _object(_attempt()),
                        "description": "One for each attempt; the last one is for the rest.",
                    },
                    "real": _flag("Perform the action itself."),
                }
            ),
            "event": _object(
                {
                    "event": _text("Its name."),
                    "data": {"description": "What it tells."},
                    "source": _text("Who says so."),
                    "id": _text("What it is known by."),
                    "at": _duration("After the start of the run."),
                },
                required=["event"],
            ),
            "approval": _object(
                {
                    "approved": _flag("Approved (the usual) or rejected."),
                    "by": _text("Who says so."),
                    "form": _map({}, "What is filled in."),
                    "after": _duration("After it was asked for."),
                }
            ),
            "expect": _expect(),
        },
    }


def _expect() -> dict[str, Any]:
    paths = {"type": "array", "items": {"type": "string"}}
    step = _object(
        {
            "status": {"enum": _STEP_STATUSES, "description": "How it ended."},
            "output": {"description": "The whole of its output."},
            "error": _map({}, "Fields of its error."),
            "attempts": {"description": "How many attempts it had."},
            "reason": _text("Why it was skipped or cancelled."),
            "counts": _map({}, "Items by status."),
            "cached": _flag("Whether the cache answered."),
        }
    )
    return _object(
        {
            "status": {"enum": _STATUSES, "description": "How the run ended; else succeeded."},
            "outputs": _map({}, "Outputs by name; those not named are not looked at."),
            "error": _map({}, "Fields of the run's error."),
            "steps": _map(step, "Steps by path."),
            "order": {**paths, "description": "These began one after the other."},
            "not-run": {**paths, "description": "These did not begin."},
            "duration": {
                "type": ["string"],
                "description": "Of the run: `5m`, or an expression over `it` in seconds.",
            },
            "holds": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Expressions that hold.",
            },
        }
    )


def _attempt() -> dict[str, Any]:
    return {
        "output": {"description": "What it gives; may read `given` and `attempt`."},
        "error": {
            "type": ["string", "object"],
            "properties": {
                "kind": _text("Such as `timeout`."),
                "message": _text("A sentence."),
                "detail": _map({}, "Data."),
                "retryable": _flag("Whether another attempt can help."),
                "retry-after": _duration("To wait before another attempt."),
            },
            "required": ["kind"],
            "additionalProperties": False,
            "description": "The kind with which it fails, or all of the error.",
        },
        "duration": _duration("How long it takes."),
    }


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": required or [],
    }


def _map(value: dict[str, Any], says: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value, "description": says}


def _text(says: str) -> dict[str, Any]:
    return {"type": "string", "description": says}


def _flag(says: str) -> dict[str, Any]:
    return {"type": "boolean", "description": says}


def _duration(says: str) -> dict[str, Any]:
    return {"type": "string", "pattern": DURATION_PATTERN, "description": says}
