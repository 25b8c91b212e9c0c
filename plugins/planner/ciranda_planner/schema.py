"""The JSON Schema of plan files, for editors; what it cannot say, reading a plan does."""

from __future__ import annotations

from typing import Any, Final

from ciranda.workflow.durations import DURATION_PATTERN

from .plan import FORMAT, VERSION
from .tiers import Mode

__all__ = ["plan_schema"]

_TEXT: Final = {"type": "string", "minLength": 1}
_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_COUNT: Final = {"type": "integer", "minimum": 0}
_SOME: Final = {"type": "integer", "minimum": 1}
_TIME: Final = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": DURATION_PATTERN},
    ]
}
_MS: Final = {"type": "number", "minimum": 0}
_UNITS: Final = ("requests", "input_tokens", "output_tokens")


def plan_schema() -> dict[str, Any]:
    """Return the schema of a plan file, in JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of ciranda",
        **_mapping(_plan(), required=["tasks"]),
    }


def _mapping(fields: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    closed = {"additionalProperties": False, "patternProperties": {"^x-": {}}}
    return {"type": "object", "properties": fields, "required": required or [], **closed}


def _about(text: str, kind: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, **kind}


def _plan() -> dict[str, Any]:
    workers = _about("Tasks at once, at most.", _SOME)
    limit = {
        "window": _about("Any stretch of so much time.", _TIME),
        "window_ms": _MS,
        **{unit: {"anyOf": [_COUNT, {"type": "null"}]} for unit in _UNITS},
    }
    return {
        "format": {"const": FORMAT},
        "version": {"const": VERSION},
        "digest": _about("Of the content of a saved plan.", _TEXT),
        "name": _about("That of the plan and of its history.", _TEXT),
        "id": {},
        "title": _TEXT,
        "description": {"type": "string"},
        "tags": {},
        "expected": {},
        "workers": workers,
        "max_workers": workers,
        "cpu_workers": _about(
            "How many of them for cpu tasks.", {"anyOf": [_SOME, {"type": "null"}]}
        ),
        "tier": _about("What the account may ask for.", {"type": "integer"}),
        "mode": _about("How much of that is used.", {"enum": [str(mode) for mode in Mode]}),
        "rate_limit": _about(
            "What all tasks together may start in any window.",
            {"anyOf": [_mapping(limit), {"type": "null"}]},
        ),
        "resources": _about(
            "Units of what tasks share; one unless said.",
            {"type": "object", "additionalProperties": _COUNT},
        ),
        "timeout": _about("Then the plan is stopped.", _TIME),
        "plan_timeout_ms": _MS,
        "already_succeeded": _about("Tasks that are not run again.", _TEXTS),
        "tasks": {"type": "array", "minItems": 1, "items": _mapping(_task(), required=["id"])},
    }


def _task() -> dict[str, Any]:
    needs = _about("Tasks that must have succeeded before.", _TEXTS)
    resources = {"type": "object", "additionalProperties": _SOME}
    return {
        "id": _about("Unique in the plan.", {**_TEXT, "maxLength": 200}),
        "title": _TEXT,
        "description": _TEXT,
        "tags": {},
        "needs": needs,
        "deps": needs,
        "uses": _about("The action that does the work.", _TEXT),
        "with": _about("Its inputs.", {"type": "object"}),
        "command": _about(
            "A program and its arguments that do the work.",
            {"anyOf": [_TEXT, {**_TEXTS, "minItems": 1}]},
        ),
        "behaviour": _about(
            "What a trial does instead of work.",
            {"type": "string", "pattern": "^(sleep|burn|fail|hang|fail_times:[0-9]{1,6})$"},
        ),
        "kind": _about("What its time goes to.", {"enum": ["io", "cpu"]}),
        "estimate": _about("How long it will probably take.", _TIME),
        "duration_ms": _MS,
        "cost": _about(
            "What each attempt takes of the limit.", _mapping(dict.fromkeys(_UNITS, _COUNT))
        ),
        "resources": _about("What it holds while it runs.", {"anyOf": [_TEXTS, resources]}),
        "priority": _about(
            "Among tasks of one urgency the larger goes first.", {"type": "integer"}
        ),
        "success": _about(
            "What must hold besides the end of the work.",
            {
                "anyOf": [
                    _TEXT,
                    _mapping(
                        {
                            "exit_code": {"type": "integer", "minimum": 0, "maximum": 255},
                            "schema": {"type": "object"},
                            "file": _TEXT,
                            "expression": _TEXT,
                        }
                    ),
                ]
            },
        ),
        "contingency": _about("The task that runs if this one fails.", _TEXT),
        "validates": _about("Tasks whose results this one checks.", _TEXTS),
        "timeout": _about("Of each attempt.", _TIME),
        "timeout_ms": _MS,
        "deadline": _about("From the start of the plan.", _TIME),
        "deadline_ms": _MS,
        "retries": _about("Attempts after the first.", {**_COUNT, "maximum": 100}),
    }
