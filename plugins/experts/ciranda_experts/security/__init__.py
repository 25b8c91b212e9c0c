"""Attack patterns in code that is read, never run."""

from __future__ import annotations

from .judging import judge, security_expert
from .rule import Match, Rule, Severity
from .rules import Rules, load_rules

__all__ = ["Match", "Rule", "Rules", "Severity", "judge", "load_rules", "security_expert"]
