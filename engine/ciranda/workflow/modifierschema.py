"""The part of the schema that says how a body is called: how often, how long, how many at once."""

from __future__ import annotations

from typing import Any

from ciranda.workflow.durations import DURATION_PATTERN
from ciranda.workflow.keywords import closed, count, described, duration, kinds, words

__all__ = ["attempt_schema", "shared_limit_schema"]


def attempt_schema() -> dict[str, Any]:
    """Return the schemas of what an attempt, and another one, depend on."""
    return {
        "retry": closed(
            {
                "attempts": count("How often in all; the first counts."),
                "backoff": duration("Wait before the second attempt."),
                "factor": {"type": "number", "minimum": 1, "x-says": "a number from 1"},
                "cap": duration("Longest wait."),
                "jitter": words("full", "none", says="Whether waits are drawn at random."),
                "on": kinds("Error kinds that are tried again."),
                "unless": kinds("Error kinds that are not."),
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
        "cache": closed(
            {
                "ttl": duration("How long an answer is good."),
                "key": _key(),
                "scope": words("run", "project", "shared", says="Who shares the answer."),
                "refresh": described("Work again and replace what is kept.", "boolean"),
            },
            description="Keep the answer and give it again for the same inputs.",
            **{
                "type": ["boolean", "object"],
                "x-says": "true, false or a mapping such as `{ttl: 1h}`",
            },
        ),
    }


def shared_limit_schema() -> dict[str, Any]:
    """Return the schemas of the limits that several calls share."""
    return {
        "breaker": closed(
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
                "minimum": count("Calls in the window before it may open."),
                "open": duration("How long it refuses before it probes."),
                "factor": {"type": "number", "minimum": 1, "x-says": "a number from 1"},
                "cap": duration("Longest time open."),
                "probes": count("Calls let through to find out."),
                "key": _key(),
            },
            description="Refuse calls when the last ones failed.",
            **{"x-says": "a mapping such as `{failures: 50%, window: 20, open: 30s}`"},
        ),
        "rate": closed(
            {
                "requests": _quota("How many starts in how long."),
                "input-tokens": _quota("How many tokens that go in, in how long."),
                "output-tokens": _quota("How many tokens that come out, in how long."),
                "cost": closed(
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
                "shared": words("engine", "machine", says="Who counts together."),
                "key": _key(),
            },
            description="At most so many starts, and tokens, in any window of time.",
            **{"x-says": "a mapping such as `{requests: 50/1m}`"},
        ),
        "concurrency": closed(
            {
                "group": {
                    "type": ["string", "number", "boolean", "array", "object"],
                    "description": "Steps of one group share the limit.",
                    "x-says": "a name, such as `deploy`",
                },
                "max": count("How many at once."),
                "policy": words(
                    "queue", "cancel-old", "cancel-new", "fail", says="What happens to the next."
                ),
            },
            required=["group"],
            description="At most `max` at once among the steps of a group.",
            **{"x-says": "a mapping such as `{group: deploy, max: 1}`"},
        ),
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


def _key() -> dict[str, Any]:
    return {"description": "What is told apart; may hold expressions."}
