"""Names for runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

__all__ = ["new_run_id"]


def new_run_id(clock: Callable[[], float] = time.time) -> str:
    """Return an id that sorts by time and is easy to tell apart by its first letters."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    number = (int(clock() * 1000) & ((1 << 40) - 1)) << 25 | secrets.randbits(25)
    return "".join(digits[number >> shift & 31] for shift in range(60, -1, -5))
