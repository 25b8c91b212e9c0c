"""What a project says about learning."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["LearningSettings"]

_Count = Annotated[int, Meta(ge=1)]
_Share = Annotated[float, Meta(ge=0.0, le=1.0)]
_Error = Annotated[float, Meta(gt=0.0, lt=0.5)]


class LearningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the council learns from what turned out to be right.

    Attributes:
        truth_days: Days that outcomes and resolved reviews are kept.
        window: Newest outcomes that an expert's accuracy and calibration are taken from.
        reviews: Items that may wait for a human; beyond that no further one is opened.
        calibration: How confidence is fitted: `isotonic`, `platt`, or `shipped` for never.
        calibration_minimum: Outcomes of an expert before its own curve may replace the shipped.
        calibration_every: Outcomes of an expert between two fits.
        adapt: Whether the threshold moves with the share of false approvals.
        false_approvals: The share of approvals that may turn out wrong.
        threshold_step: How far the threshold moves at a time, at the most.
        threshold_ceiling: The highest that it is ever raised to.
        threshold_minimum: Approvals with known outcome before each move.
        promotion_error: Chance that a version which is no better is ever promoted.
        rollback_error: Chance that a version which is no worse is ever rolled back.
        trial_share: Share of intents that a candidate judges too, unless its trial says.
        watch: Outcomes for which the former version is still compared after a promotion.
    """

    truth_days: Annotated[float, Meta(gt=0)] = 90.0
    window: _Count = 1000
    reviews: _Count = 10_000
    calibration: Literal["isotonic", "platt", "shipped"] = "isotonic"
    calibration_minimum: Annotated[int, Meta(ge=20)] = 200
    calibration_every: _Count = 50
    adapt: bool = True
    false_approvals: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.001
    threshold_step: Annotated[float, Meta(gt=0.0, le=0.1)] = 0.01
    threshold_ceiling: _Share = 0.999
    threshold_minimum: _Count = 100
    promotion_error: _Error = 0.05
    rollback_error: _Error = 0.01
    trial_share: _Share = 0.1
    watch: _Count = 1000
