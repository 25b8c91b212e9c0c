"""The limiter of a plan: its own, or the one of an account that the whole machine shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from ciranda.middleware.limiter import Limiter
from ciranda.middleware.window import Window

from .plan import Cost, Plan, RateLimit

__all__ = ["limiter_of"]

_WITHOUT: Final = RateLimit(60.0)


def limiter_of(
    plan: Plan,
    clock: Callable[[], float],
    *,
    folder: Path | None = None,
    spent: Iterable[tuple[float, Cost]] = (),
) -> Limiter | None:
    """Return the limiter that a plan asks for, if it needs one.

    Without a limit, the tasks that use actions share one that limits nothing: when one of them is
    told to wait, they all do.

    The limit of a tier is that of an account: all plans of this machine that name the tier share
    it. A limit that a plan writes itself is its own.

    Args:
        plan: Without faults.
        clock: Of a limiter of its own, in seconds.
        folder: Where the files of the machine's limiters are; None is the user's own place.
        spent: What earlier parts of the run began: how many seconds ago, and at what cost. The
            machine's limiters know that by themselves.

    Raises:
        StoreError: The file of the machine's limiter cannot be used.
    """
    limit = plan.rate_limit or _WITHOUT
    named = zip(("requests", "input_tokens", "output_tokens"), limit.units, strict=True)
    known = [(name, units) for name, units in named if units is not None]
    if not known:
        asks = any(task.uses is not None for task in plan.tasks)
        return Limiter((), clock) if asks else None
    names = [name for name, _ in known]
    if plan.tier is None:
        windows = [Window(units, limit.window) for _, units in known]
        now = clock()
        for ago, cost in sorted(spent, key=lambda each: -each[0]):
            paid = [
                units
                for units, most in zip(cost.units, limit.units, strict=True)
                if most is not None
            ]
            for window, units in zip(windows, paid, strict=True):
                window.take(units, now - ago)
        return Limiter(windows, clock, names)
    from ciranda.middleware.machine import MachineWindows

    spans = [(units, limit.window) for _, units in known]
    book = MachineWindows(f"planner tier {plan.tier}", spans, folder=folder)
    return Limiter(book, time.monotonic, names)
