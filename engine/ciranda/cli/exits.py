"""What the numbers mean that the command ends with."""

from __future__ import annotations

import enum

__all__ = ["Exit"]


class Exit(enum.IntEnum):
    """Exit codes."""

    OK = 0
    FAILED = 1  # a step failed, or the run was cancelled
    USAGE = 2  # the file, the arguments, the store or the output are at fault
    INTERNAL = 4  # ciranda is at fault
    WAITING = 5  # all that is open in the run waits; it is parked
    WEAK_SANDBOX = 6  # a script would be confined less than required
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM
