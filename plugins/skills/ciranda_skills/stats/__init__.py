"""Figures of skills: counted off the hot path, kept in the project's store, told as text."""

from __future__ import annotations

from .counts import OTHER, Counts, Report
from .history import FILE, MIGRATIONS, read_report
from .recorder import Recorder
from .text import plain, prometheus

__all__ = [
    "FILE",
    "MIGRATIONS",
    "OTHER",
    "Counts",
    "Recorder",
    "Report",
    "plain",
    "prometheus",
    "read_report",
]
