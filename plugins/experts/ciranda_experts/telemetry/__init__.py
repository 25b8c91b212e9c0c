"""Telemetry: what the council does is remembered, and no judgement waits for it."""

from __future__ import annotations

from .alerts import Alert, AlertKind, alerts
from .sample import Answer, Role, Sample
from .settings import TelemetrySettings
from .store import Crisis, Store
from .telemetry import Telemetry, open_telemetry
from .writer import Tally

__all__ = [
    "Alert",
    "AlertKind",
    "Answer",
    "Crisis",
    "Role",
    "Sample",
    "Store",
    "Tally",
    "Telemetry",
    "TelemetrySettings",
    "alerts",
    "open_telemetry",
]
