"""What a project says about plans."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ciranda import Settings

from .plan import DEFAULT_PLAN_TIMEOUT, DEFAULT_TIMEOUT

__all__ = ["PlannerSettings"]

_Count = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(gt=0.0)]


class PlannerSettings(Settings, section="planner"):
    """The section `[planner]` of `ciranda.toml`.

    Attributes:
        timeout: Seconds of an attempt whose task names none; twice its estimate if that is longer.
        plan_timeout: Seconds of a plan that names none; twice its prediction if that is longer.
        cores: How many cpu tasks run at once where the plan does not say; the cores there are,
            by default.
        adaptive: Whether a plan runs fewer tasks at once when it hears that it asks too much.
    """

    timeout: _Seconds = DEFAULT_TIMEOUT
    plan_timeout: _Seconds = DEFAULT_PLAN_TIMEOUT
    cores: _Count | None = None
    adaptive: bool = True
