"""Learning: what turned out to be right, and what follows from it."""

from __future__ import annotations

from .calibration import Calibration
from .curve import SHIPPED, Curve
from .learning import Learned, Learning
from .outcomes import Accuracy, OutcomeError, Outcomes
from .reliability import Bin, Reliability
from .reviews import Review, ReviewDesk, ReviewError, Reviews, ReviewStatus
from .settings import LearningSettings
from .thresholds import Threshold, Thresholds
from .trial import Kind, Trial
from .versions import Change, VersionError, Versions

__all__ = [
    "SHIPPED",
    "Accuracy",
    "Bin",
    "Calibration",
    "Change",
    "Curve",
    "Kind",
    "Learned",
    "Learning",
    "LearningSettings",
    "OutcomeError",
    "Outcomes",
    "Reliability",
    "Review",
    "ReviewDesk",
    "ReviewError",
    "ReviewStatus",
    "Reviews",
    "Threshold",
    "Thresholds",
    "Trial",
    "VersionError",
    "Versions",
]
