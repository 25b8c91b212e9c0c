"""Learning: what turned out to be right, and what follows from it."""

from __future__ import annotations

from .reviews import Review, ReviewDesk, ReviewError, Reviews, ReviewStatus
from .settings import LearningSettings

__all__ = ["LearningSettings", "Review", "ReviewDesk", "ReviewError", "ReviewStatus", "Reviews"]
