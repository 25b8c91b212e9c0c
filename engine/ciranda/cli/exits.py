"""What the numbers mean that the command ends with."""

from __future__ import annotations

import enum

__all__ = ["Exit"]


class Exit(enum.IntEnum):
    """Exit codes; 5 and 6 are kept for runs that wait and for sandboxes that are too weak."""

    OK = 0
    FAILED = 1  # a step failed, or the run was cancelled
    USAGE = 2  # the file, the arguments, the store or the output are at fault
    INTERNAL = 4  # ciranda is at fault
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM
