"""What a project says about telemetry."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["TelemetrySettings"]

_Count = Annotated[int, Meta(ge=1)]
_Above = Annotated[float, Meta(gt=0.0)]


class TelemetrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of judgements, and when somebody is told that an expert got worse.

    Attributes:
        enabled: Whether anything is recorded.
        days: Days that records are kept.
        rows: Judgements that are kept one by one at the most; figures count them all.
        queue: Judgements that may wait to be written; beyond that they are dropped and counted.
        batch: Judgements written at once at the most.
        delay: Seconds that a judgement waits for company.
        hours: The span that status and report look back, and an expert's baseline of latency.
        alert_error: Chance of an alert about any expert that did not change, at one look.
    """

    enabled: bool = True
    days: _Above = 30.0
    rows: _Count = 500_000
    queue: _Count = 10_000
    batch: _Count = 512
    delay: _Above = 0.25
    hours: _Above = 24.0
    alert_error: Annotated[float, Meta(gt=0.0, lt=0.5)] = 0.001
