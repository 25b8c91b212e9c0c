"""A run of a script as a span below its step's, for whoever traces."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec

from ciranda.observe.carried import CarriedSpan

from .running import Outcome

__all__ = ["span_of"]

_NS = 1_000_000_000
_ERROR = 2  # of OpenTelemetry's status codes


def span_of(
    traceparent: str,
    skill: str,
    script: str | None,
    outcome: Outcome,
    *,
    now: Callable[[], int] = time.time_ns,
    token: Callable[[int], str] = secrets.token_hex,
) -> dict[str, Any]:
    """Return a run that has just ended as a finished span, as plain data.

    Args:
        traceparent: Of its step.
        skill: Its name.
        script: Which; None is the main one.
        outcome: How it ended.
        now: Nanoseconds since the epoch.
        token: Draws an id of so many bytes.
    """
    _, trace, parent, _ = traceparent.split("-")
    end = now()
    attributes: dict[str, Any] = {
        "ciranda.skill.name": skill,
        "ciranda.skill.status": str(outcome.status),
        "ciranda.sandbox.level": outcome.sandbox.level,
        "ciranda.sandbox.missing": list(outcome.sandbox.missing),
        "ciranda.skill.stdout.bytes": outcome.stdout_total_bytes,
        "ciranda.skill.stderr.bytes": outcome.stderr_total_bytes,
    }
    more = {
        "ciranda.skill.script": script,
        "process.exit.code": outcome.exit_code,
        "ciranda.skill.signal": outcome.signal,
    }
    span = CarriedSpan(
        name=f"skill {skill}",
        trace=trace,
        span=token(8),
        parent=parent,
        start=end - int(outcome.wall_s * _NS),
        end=end,
        status=0 if outcome.ok else _ERROR,
        message=outcome.message,
        scope="ciranda.skills",
        attributes=attributes | {name: value for name, value in more.items() if value is not None},
    )
    told: dict[str, Any] = msgspec.to_builtins(span)
    return told
