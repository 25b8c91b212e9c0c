"""A clock for trio that passes only when nobody has anything to do."""

from __future__ import annotations

from typing import Final, final

import trio
from trio.abc import Clock, Instrument

from ciranda.testing.threads import in_trio_thread

__all__ = ["VirtualClock"]

PATIENCE: Final = 0.001  # real seconds between two looks at threads that are at work


@final
class VirtualClock(Clock, Instrument):
    """Starts at 0 and jumps to the next deadline when every task waits.

    Unlike `trio.testing.MockClock` it stands still while a thread is at work. Hand it over as
    the clock and as an instrument.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._looked = False  # for arrivals, since a task last ran
        self._left: frozenset[int] = frozenset()  # threads that an earlier run left behind

    def start_clock(self) -> None:
        """Begin; threads that are at work already are not this run's."""
        self._left = in_trio_thread()

    def current_time(self) -> float:
        """Return the virtual seconds since the clock was made."""
        return self._now

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Note that somebody has something to do."""
        self._looked = False

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Return the real seconds to wait; trio asks only when no task can run."""
        working = in_trio_thread()
        self._left &= working  # the others are free for this run
        if working - self._left:
            self._looked = False
            return PATIENCE
        if not self._looked:
            self._looked = True
            return 0
        if deadline != float("inf"):
            self._now = max(self._now, deadline)
            return 0
        return deadline
