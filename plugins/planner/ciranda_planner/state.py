"""How tasks and plans stand."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final, final

__all__ = ["ENDED", "PlanState", "State", "state_of_plan", "state_of_step"]


@final
class State(StrEnum):
    """How a task stands."""

    PENDING = "pending"  # a need has not ended
    READY = "ready"  # nothing is missing but a worker, a resource or the limiter's word
    RESERVED = "reserved"  # the first of those that wait for the limiter: nobody overtakes it
    RUNNING = "running"
    RETRYING = "retrying"  # an attempt failed and another will follow
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # a need did not succeed, or nobody needed its help


ENDED: Final = frozenset(
    {State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.CANCELLED, State.SKIPPED}
)


@final
class PlanState(StrEnum):
    """How a plan ended."""

    SUCCEEDED = "succeeded"  # every task did; those on standby were not needed
    PARTIAL = "partial"  # some did
    FAILED = "failed"  # none did
    TIMED_OUT = "timed_out"  # the plan's own time was over
    CANCELLED = "cancelled"


def state_of_step(status: str, kind: str = "") -> State:
    """Return how a task ended whose step has this status and failed with this kind of error."""
    if status == "failed":
        return State.TIMED_OUT if kind == "timeout" else State.FAILED
    known = {"waiting": State.RETRYING}
    return known.get(status) or State(status)


def state_of_plan(
    states: Collection[State], *, cancelled: bool = False, timed_out: bool = False
) -> PlanState:
    """Return how a plan ended.

    Args:
        states: How its tasks ended, without those on standby that nobody needed.
        cancelled: Whether somebody stopped it.
        timed_out: Whether its own time was over.
    """
    if all(state is State.SUCCEEDED for state in states):
        return PlanState.SUCCEEDED
    if timed_out:
        return PlanState.TIMED_OUT
    if cancelled:
        return PlanState.CANCELLED
    return PlanState.PARTIAL if State.SUCCEEDED in states else PlanState.FAILED
