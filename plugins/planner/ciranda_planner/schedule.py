"""What would run when: the answer of the planner, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from .bounds import Bounds

__all__ = ["Cause", "Schedule", "Wait"]


@final
class Cause(StrEnum):
    """What a task waited for although its needs had succeeded."""

    WORKERS = "workers"
    CPU_WORKERS = "cpu_workers"
    RESOURCES = "resources"
    RATE_LIMIT = "rate_limit"


@final
@dataclass(frozen=True, slots=True)
class Wait:
    """How long a task that could have started did not, in seconds, and what held it last."""

    seconds: float
    cause: Cause


@final
@dataclass(frozen=True, slots=True)
class Schedule:
    """The run that a plan predicts; times are seconds from its start.

    Tasks that have already succeeded, and those that run only when another fails, are no part.

    Attributes:
        order: All tasks of the run, the most urgent first: how ready ones are dispatched.
        starts: When each task starts.
        ends: When each task ends.
        makespan: When the last one ends.
        levels: Tasks by the longest path that leads to them: they explain the plan.
        critical_path: The heaviest path of needs, first task first.
        bounds: What no schedule can be shorter than.
        waits: The tasks that had to wait for something else than their needs.
        examined: How many orders were tried.
    """

    order: tuple[str, ...]
    starts: Mapping[str, float]
    ends: Mapping[str, float]
    makespan: float
    levels: tuple[tuple[str, ...], ...]
    critical_path: tuple[str, ...]
    bounds: Bounds
    waits: Mapping[str, Wait]
    examined: int = 1

    @property
    def total_work(self) -> float:
        """The estimates of all tasks together."""
        return self.bounds.total_work

    @property
    def lower_bound(self) -> float:
        """What workers, cores and needs allow at best; the rate limit is not counted."""
        return self.bounds.lower

    @property
    def speedup(self) -> float:
        """How many times longer one worker would take, waiting for nothing."""
        return self.total_work / self.makespan if self.makespan else 1.0

    @property
    def distance(self) -> float:
        """How far above the tightest bound the makespan lies: 0.02 is two percent."""
        tightest = self.bounds.tightest
        return self.makespan / tightest - 1 if tightest else 0.0

    def efficiency(self, workers: int) -> float:
        """Return the share of the time of so many workers that is spent on work."""
        return self.speedup / workers
