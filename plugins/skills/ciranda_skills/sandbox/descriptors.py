"""Descriptors: all but the given ones are closed."""

import os
from collections.abc import Collection
from typing import Final

__all__ = ["close_all_but"]

_ABOVE: Final = 1 << 20  # where close_range exists the kernel takes it as one call


def close_all_but(kept: Collection[int]) -> None:
    """Close every descriptor except these."""
    start = 0
    for fd in sorted({*kept, _ABOVE}):
        if start < fd:  # for an empty range `os.closerange(0, 0)` closes everything
            os.closerange(start, fd)
        start = fd + 1
