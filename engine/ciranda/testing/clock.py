"""The clock of a harness: the loop's, seen as the two clocks of an engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

import anyio
import sniffio

from ciranda.store import Clock
from ciranda.workflow.durations import parse_duration

__all__ = ["HarnessClock"]

START: Final = 1_893_456_000.0  # 2030-01-01T00:00:00Z, where virtual calendars begin


@final
class HarnessClock:
    """Tells and passes time; belongs to the loop it is made in.

    Attributes:
        both: The clocks for an engine: real ones on a real loop.
        virtual: Whether time passes only when nobody has anything to do.
    """

    def __init__(self) -> None:
        found = _virtual_time()
        self.virtual: Final = found is not None
        self.both: Final = Clock() if found is None else _clocks(found)

    def now(self) -> float:
        """Return the seconds since the epoch, as the run's events tell them."""
        return self.both.wall()

    async def advance(self, duration: str | float) -> None:
        """Let time pass: text such as `2d` or `90s`, or seconds.

        Whatever is due meanwhile happens in its order. On a real loop, wait this long.
        """
        await anyio.sleep(parse_duration(duration) if isinstance(duration, str) else duration)


def _virtual_time() -> Callable[[], float] | None:
    if sniffio.current_async_library() == "trio":
        import trio.testing

        from ciranda.testing.virtual_clock import VirtualClock

        clock = trio.lowlevel.current_clock()
        virtual = isinstance(clock, (VirtualClock, trio.testing.MockClock))
        return clock.current_time if virtual else None
    import asyncio

    loop = asyncio.get_running_loop()
    # Another virtual loop than ours is as good, as long as its clock is not the machine's.
    return None if abs(loop.time() - time.monotonic()) < 1 else loop.time


def _clocks(steady: Callable[[], float]) -> Clock:
    return Clock(wall=lambda: START + steady(), steady=steady)
