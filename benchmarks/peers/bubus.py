"""bubus: an event bus whose handlers give results."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from typing import Any

from bubus import BaseEvent, EventBus

from benchmarks.turns import Contender

NAME = "bubus"

_names: Iterator[int] = itertools.count()  # buses want names of their own


class Add(BaseEvent[int]):
    """Add two numbers."""

    x: int
    y: int


async def _add(event: Add) -> int:
    return event.x + event.y


def _bus() -> EventBus:
    logging.getLogger("bubus").setLevel(logging.ERROR)
    bus = EventBus(name=f"Bench{next(_names)}", max_history_size=None)
    bus.on(Add, _add)
    return bus


def chain(size: int) -> Contender:
    """Return a run of the chain."""

    async def run() -> Any:
        bus = _bus()
        value: Any = 0
        for number in range(size):
            event = await bus.dispatch(Add(x=value, y=1 if number else 0))
            value = await event.event_result()
        await bus.stop(clear=True)
        return value

    return run


def fan(size: int) -> Contender:
    """Return a run of the fan."""

    async def run() -> Any:
        bus = _bus()
        source: Any = await (await bus.dispatch(Add(x=0, y=1))).event_result()
        events = [bus.dispatch(Add(x=source, y=number)) for number in range(size)]
        values = [await (await event).event_result() for event in events]
        await bus.stop(clear=True)
        return sum(value or 0 for value in values)

    return run
