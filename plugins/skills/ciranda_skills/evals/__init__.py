"""The evals of a skill: reading `evals/evals.json`, running its cases, telling what came of it."""

from __future__ import annotations

from .case import Case, Evals, Expect, Text
from .comparing import Mismatch, mismatches
from .error import EvalsError
from .reading import EVALS_FILE, read_evals
from .running import Report, Result, Run, Verdict, run_evals

__all__ = [
    "EVALS_FILE",
    "Case",
    "Evals",
    "EvalsError",
    "Expect",
    "Mismatch",
    "Report",
    "Result",
    "Run",
    "Text",
    "Verdict",
    "mismatches",
    "read_evals",
    "run_evals",
]
