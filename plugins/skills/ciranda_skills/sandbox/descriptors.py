"""Descriptors: all but the given ones are closed."""

import os
import sys
from collections.abc import Collection
from typing import Final

__all__ = ["close_all_but"]

_ABOVE: Final = 1 << 20  # where close_range exists the kernel takes it as one call


def close_all_but(kept: Collection[int]) -> None:
    """Close every descriptor except these."""
    start = 0
    above = _ABOVE if sys.platform == "linux" else os.sysconf("SC_OPEN_MAX")
    for fd in sorted({*kept, above}):
        if start < fd:  # for an empty range `os.closerange(0, 0)` closes everything
            os.closerange(start, fd)
        start = fd + 1
