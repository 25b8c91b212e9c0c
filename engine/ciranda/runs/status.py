"""Where a step stands."""

from __future__ import annotations

import enum

__all__ = [
    "CANCELLED",
    "FAILED",
    "PENDING",
    "READY",
    "RUNNING",
    "SKIPPED",
    "SUCCEEDED",
    "WAITING",
    "Status",
]


class Status(enum.IntEnum):
    """Where a step, or an item of a map, stands; small numbers so that items take a byte."""

    PENDING = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    SUCCEEDED = 4
    FAILED = 5
    SKIPPED = 6
    CANCELLED = 7

    @property
    def word(self) -> str:
        """The status as people read it in files and on screens."""
        return "pending" if self is Status.READY else self.name.lower()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self >= Status.SUCCEEDED


# Python 3.11 takes 0.12 microseconds to find a member in its class: too long for every step.
PENDING, READY, RUNNING, WAITING, SUCCEEDED, FAILED, SKIPPED, CANCELLED = Status
