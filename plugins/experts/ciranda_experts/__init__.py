"""Experts: a council of checkers that judges intents, with proofs that anybody can check again."""

from __future__ import annotations

from ciranda.events.judging import Verdict

from .expert import Expert, Finding, Isolation, Question
from .intent.intent import Feature, Intent

__all__ = ["Expert", "Feature", "Finding", "Intent", "Isolation", "Question", "Verdict"]
