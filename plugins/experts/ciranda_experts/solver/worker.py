"""What runs in a worker process of the solver: set up once, then one call after another."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from . import binding as z3
from .easy import Easy
from .formula import Answered
from .session import Session

__all__ = ["setup"]

_MARGIN: Final = 0.1  # of the time left is kept for the way back
_MOST: Final = 0.05  # seconds, at most


class _Call(Protocol):
    deadline: float | None

    def event(self, name: str, data: Any = None) -> None:
        """Send something before the result."""


def setup(options: dict[str, Any]) -> dict[str, Callable[[Any, Any], Any]]:
    """Load z3 and make the first context.

    Args:
        options: `memory_mb`, what z3 may allocate in this process.
    """
    sys.set_int_max_str_digits(0)  # numerals may have 10,000 digits; the process is ours
    z3.global_param_set(b"memory_max_size", str(options["memory_mb"]).encode())
    z3.global_param_set(b"model.compact", b"false")  # which takes half as long again
    version = z3.get_full_version().decode()
    session = Session(memory=options["memory_mb"] << 20)

    def decide(payload: dict[str, Any], call: _Call) -> tuple[str, list[Answered]]:
        now = time.monotonic()
        left = payload["budget"] / 1000 if call.deadline is None else call.deadline - now
        until = now + left - min(_MOST, left * _MARGIN)
        easy = Easy(payload)
        known = easy.pre_solved()
        if any(known):
            call.event("known", (version, known))
        try:
            found = session.decide(
                payload, until, lambda told: call.event("known", (version, told)), known, easy.tried
            )
        except RuntimeError:
            session.renew()
            raise
        return version, found

    return {"decide": decide}
