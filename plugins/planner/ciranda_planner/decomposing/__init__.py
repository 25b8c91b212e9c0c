"""From a goal in words or a checklist to a plan: analysis, strategy, decomposition, validation."""

from __future__ import annotations

from .analysis import Analysis, Complexity, analyse, by_parts
from .decomposer import Assignment, Decomposer, Decomposition, Goal
from .planning import GoalPlanner, plan_by_rules
from .rules import RULES
from .validating import Planned

__all__ = [
    "RULES",
    "Analysis",
    "Assignment",
    "Complexity",
    "Decomposer",
    "Decomposition",
    "Goal",
    "GoalPlanner",
    "Planned",
    "analyse",
    "by_parts",
    "plan_by_rules",
]
