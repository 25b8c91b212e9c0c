"""What no schedule of a plan can be shorter than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

__all__ = ["Bounds"]


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bounds of the makespan, in seconds.

    Attributes:
        critical_path: The heaviest path of needs.
        workers: The work shared by all workers.
        cpu_workers: The work of cpu tasks shared by their workers.
        resources: What the most wanted resource takes.
        rate_limit: What the windows of the rate limit take.
        lower: The largest of the first three, which is the bound that is reported.
        total_work: What one worker would need.
    """

    critical_path: float
    workers: float
    cpu_workers: float
    resources: float
    rate_limit: float
    lower: float
    total_work: float

    @property
    def tightest(self) -> float:
        """The largest of all."""
        return max(self.lower, self.resources, self.rate_limit)
