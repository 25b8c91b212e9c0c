"""Buffered observers in numbers, and with the collector always at work."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable

import pytest
from anyio import wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from tests.engine.bus.gate import Gate, event, gated

from ciranda.bus import Bus
from ciranda.events import Event, StepCompleted
from ciranda.hooks import observer

pytestmark = pytest.mark.anyio


async def test_one_slow_observer_of_a_hundred_costs_the_others_nothing(
    make_bus: Callable[..., Bus],
) -> None:
    gate = Gate()
    heard = [0] * 99

    def counting(number: int) -> object:
        class Plugin:
            @observer(StepCompleted, buffer=64)
            async def count(self, event: Event) -> None:
                heard[number] += 1

        return Plugin()

    bus = make_bus(gated(gate, buffer=4, drain=0), *(counting(number) for number in range(99)))
    async with bus.running():
        for burst in range(20):
            for number in range(50):
                bus.publish_nowait(event(burst * 50 + number))
            await wait_all_tasks_blocked()

    assert heard == [1000] * 99
    slow = bus.counts()[-1]
    # One was in hand from the first burst on; four were left in the buffer.
    assert (slow.failed, slow.undelivered, slow.dropped) == (1, 4, 995)


async def test_gc_at_every_step_loses_no_observer(make_bus: Callable[..., Bus]) -> None:
    heard: list[int] = []

    class Plugin:
        @observer(StepCompleted)
        async def tell(self, event: Event) -> None:
            gc.collect(0)
            await checkpoint()
            heard.append(event.seq)

    bus = make_bus(Plugin())
    publish: Callable[[Event], Awaitable[None]] = bus.publish
    async with bus.running():
        for number in range(50):
            await publish(event(number))
            gc.collect(0)
            await checkpoint()

    assert heard == [*range(50)]
