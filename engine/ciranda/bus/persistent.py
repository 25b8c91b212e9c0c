"""Trying again what an observer failed at, for those that say `durable=True`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import anyio

from ciranda.bus.buffered import Buffered
from ciranda.bus.implementation import Implementation
from ciranda.bus.report import ObserverFailure
from ciranda.hooks import ObserverMark

__all__ = ["TRIES", "pause_after", "remembered"]

TRIES: Final = 6
_FIRST: Final = 0.1  # seconds
_GROWTH: Final = 4.0


def pause_after(tries: int) -> float | None:
    """Return the seconds to wait after so many tries of one event; None when it is enough."""
    return None if tries >= TRIES else _FIRST * _GROWTH ** (tries - 1)


def remembered(
    one: Implementation, mark: ObserverMark, report: Callable[[ObserverFailure], None]
) -> Buffered:
    """Return an observer that hears every event as long as the process lives.

    Where no log is kept, that is all that can be promised.
    """

    async def call(event: Any) -> None:
        tries = 0
        while True:
            tries += 1
            try:
                await one.call(event)
            except (Exception, SystemExit) as error:  # an observer cannot fail a run
                pause = pause_after(tries)
                if pause is None:
                    error.add_note(f"it was tried {tries} times")
                    raise
            else:
                return
            await anyio.sleep(pause)

    again = Implementation(one.plugin, one.name, call, is_async=True)
    unbounded = ObserverMark(mark.types, sys.maxsize, drain=mark.drain, durable=True)
    return Buffered(again, unbounded, report)
