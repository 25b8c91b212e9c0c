"""Async observers: buffered, bounded, counted, and never in anybody's way."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from hypothesis import given, settings, strategies as st
from tests.engine.bus.gate import Gate, event, gated

from ciranda.bus import Bus, ObserverFailure
from ciranda.events import Event, StepCompleted, StepStarted
from ciranda.hooks import Overflow, hookimpl, observer

pytestmark = pytest.mark.anyio


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.booleans(), max_size=25),
    st.integers(1, 4),
    st.sampled_from(["drop_oldest", "fail"]),
    st.sampled_from(["asyncio", "trio"]),
)
def test_every_event_is_accounted_for_as_the_policy_says(
    moves: list[bool], buffer: int, overflow: Overflow, backend: str
) -> None:
    async def play() -> None:
        gate, failures = Gate(), list[ObserverFailure]()
        bus = Bus(report=failures.append)
        bus.register(gated(gate, buffer=buffer, overflow=overflow, drain=0), "p")
        # The model: what waits, what is in hand, what has come out.
        waiting: list[int] = []
        hand: list[int] = []
        heard: list[int] = []
        dropped = lost = 0
        stopped = False
        async with bus.running():
            for number, publish in enumerate(moves):
                if publish:
                    bus.publish_nowait(event(number))
                    if stopped:
                        lost += 1
                    elif len(waiting) == buffer and overflow == "fail":
                        lost += 1 + len(waiting)
                        waiting, stopped = [], True
                    else:
                        if len(waiting) == buffer:
                            waiting.pop(0)
                            dropped += 1
                        waiting.append(number)
                elif hand and not stopped:
                    gate.permit()
                    heard.append(hand.pop())
                await wait_all_tasks_blocked()
                if waiting and not hand:
                    hand.append(waiting.pop(0))
                if not stopped:
                    (counts,) = bus.counts()
                    assert gate.heard == heard
                    assert counts.delivered == len(heard)
                    assert counts.dropped == dropped
                    assert counts.undelivered == lost
                    assert counts.waiting == len(waiting) + len(hand)
            published = sum(moves)
        (counts,) = bus.counts()
        assert counts.waiting == 0
        assert counts.delivered + counts.failed + counts.dropped + counts.undelivered == published
        assert stopped is any("its buffer of" in one.reason for one in failures)

    anyio.run(play, backend=backend)


async def test_an_async_hook_implementation_is_buffered_without_being_asked(
    make_bus: Callable[..., Bus],
) -> None:
    heard: list[str] = []

    class Plugin:
        @hookimpl
        async def step_completed(self, event: StepCompleted) -> None:
            await checkpoint()
            heard.append(event.path)

        @hookimpl
        async def step_started(self) -> None:
            heard.append("started")

    bus = make_bus(Plugin())
    async with bus.running():
        bus.publish_nowait(event())
        await bus.publish(StepStarted(path="b"))
        at_once = list(heard)

    assert at_once == []
    assert sorted(heard) == ["a", "started"]
    assert sorted((one.observer, one.delivered) for one in bus.counts()) == [
        ("step_completed", 1),
        ("step_started", 1),
    ]


async def test_a_spec_that_comes_late_still_buffers_async_implementations(
    rung_type: type[Event], make_bus: Callable[..., Bus]
) -> None:
    heard: list[str] = []

    class Plugin:
        @hookimpl
        async def rung(self, event: Any) -> None:
            heard.append("rung")

    spec = make_bus().hooks.hook.rung.spec
    assert spec is not None
    assert isinstance(spec.namespace, ModuleType)
    bus = Bus()
    async with bus.running():
        bus.register(Plugin(), "early")
        bus.add_hooks(spec.namespace)
        bus.publish_nowait(rung_type())

    assert heard == ["rung"]


async def test_a_hanging_observer_stops_nobody_and_is_cut_short_at_the_end(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    heard: list[int] = []

    class Plugin:
        @observer(StepCompleted, drain="10ms")
        async def hangs(self, event: Event) -> None:
            await anyio.sleep_forever()

        @observer(StepCompleted)
        async def works(self, event: Event) -> None:
            heard.append(event.seq)

    bus = make_bus(Plugin())
    with anyio.fail_after(5):
        async with bus.running():
            for number in range(3):
                await bus.publish(event(number))

    assert heard == [0, 1, 2]
    assert [one.reason for one in failures] == ["not finished 0.01 s after the end; 2 events lost"]
    assert failures[0].event == "StepCompleted"
    counts = {one.observer: one for one in bus.counts()}
    assert (counts["hangs"].failed, counts["hangs"].undelivered) == (1, 2)


async def test_an_observer_that_raises_hears_the_next_event(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    heard: list[int] = []

    class Plugin:
        @observer(StepCompleted)
        async def tell(self, event: Event) -> None:
            if event.seq == 0:
                raise ConnectionError("refused")
            heard.append(event.seq)

    bus = make_bus(Plugin())
    async with bus.running():
        bus.publish_nowait(event(0))
        bus.publish_nowait(event(1))

    assert heard == [1]
    assert [(one.plugin, one.reason) for one in failures] == [("p0", "refused")]
    (counts,) = bus.counts()
    assert (counts.delivered, counts.failed) == (1, 1)


async def test_block_makes_the_publisher_wait_and_never_holds_more_than_its_buffer(
    make_bus: Callable[..., Bus],
) -> None:
    gate = Gate()
    most = 0
    bus = make_bus(gated(gate, buffer=2, overflow="block"))

    async def publish() -> None:
        for number in range(8):
            await bus.publish(event(number))

    with anyio.fail_after(5):
        async with bus.running(), anyio.create_task_group() as group:
            group.start_soon(publish)
            group.start_soon(publish)
            for _ in range(16):
                await wait_all_tasks_blocked()
                most = max(most, bus.counts()[0].waiting)
                gate.permit()

    assert most == 3  # two wait, one is in hand
    assert sorted(gate.heard) == sorted([*range(8)] * 2)


async def test_publish_nowait_says_when_to_wait_for_room(make_bus: Callable[..., Bus]) -> None:
    gate = Gate()
    bus = make_bus(gated(gate, buffer=1, overflow="block"))

    with anyio.fail_after(5):
        async with bus.running():
            first = bus.publish_nowait(event(0))
            gate.permit(3)
            await bus.room()
            second = bus.publish_nowait(event(1))
            await bus.room()

    assert (first, second) == (False, False)
    assert gate.heard == [0, 1]
    assert bus.publish_nowait(event(2))


async def test_fail_stops_the_observer_and_says_so_once(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    gate = Gate()
    bus = make_bus(gated(gate, buffer=1, overflow="fail", drain=0))

    async with bus.running():
        for number in range(4):
            await bus.publish(event(number))

    assert [one.reason for one in failures] == ["its buffer of 1 events is full; it is stopped"]
    assert failures[0].event == "StepCompleted"
    assert bus.counts()[0].undelivered == 4


async def test_outside_of_running_events_are_counted_as_undelivered(
    make_bus: Callable[..., Bus],
) -> None:
    gate = Gate()
    gate.permits = 9
    bus = make_bus(gated(gate))

    bus.publish_nowait(event(0))
    async with bus.running():
        bus.publish_nowait(event(1))
    await bus.publish(event(2))
    async with bus.running():
        bus.publish_nowait(event(3))

    assert gate.heard == [1, 3]
    assert bus.counts()[0].undelivered == 2


async def test_a_plugin_that_comes_and_goes_while_running_is_served_and_drained(
    make_bus: Callable[..., Bus],
) -> None:
    gate = Gate()
    bus = make_bus()

    async with bus.running():
        bus.register(gated(gate), "late")
        bus.publish_nowait(event(0))
        bus.publish_nowait(event(1))
        bus.unregister("late")
        bus.publish_nowait(event(2))
        gate.permit(5)

    assert gate.heard == [0, 1]


async def test_a_cancelled_engine_cuts_observers_short_and_leaves_nothing_pending(
    make_bus: Callable[..., Bus],
) -> None:
    gate = Gate()
    bus = make_bus(gated(gate))

    with anyio.CancelScope() as scope:
        async with bus.running():
            for number in range(3):
                await bus.publish(event(number))
            scope.cancel()
            await checkpoint()
    gc.collect()

    assert scope.cancelled_caught
    (counts,) = bus.counts()
    assert counts.failed + counts.undelivered == 3
    assert counts.waiting == 0


async def test_the_bus_runs_once_at_a_time(make_bus: Callable[..., Bus]) -> None:
    bus = make_bus()

    async with bus.running():
        with pytest.raises(RuntimeError, match="running already"):
            async with bus.running():
                pass


async def test_what_the_block_raises_comes_out_as_it_is(make_bus: Callable[..., Bus]) -> None:
    bus = make_bus(gated(Gate()))

    with pytest.raises(KeyError):
        async with bus.running():
            raise KeyError("mine")


async def test_a_circle_through_buffers_stops_64_deep(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    depth = 0

    class Plugin:
        @observer(StepCompleted)
        async def again(self, event: Event) -> None:
            nonlocal depth
            depth += 1
            await bus.publish(event)

    bus = make_bus(Plugin())
    with anyio.fail_after(5):
        async with bus.running():
            bus.publish_nowait(event())
            while not failures:
                await checkpoint()

    assert depth == 64
    assert "in a circle, 65 deep" in failures[0].reason
