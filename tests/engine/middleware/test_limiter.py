"""One limiter for several dimensions: reserved together, settled with real use, paused."""

import random

import anyio
import pytest
from tests.engine.middleware.stage import Clock
from tests.engine.middleware.virtual import VirtualLoop, virtual_time

from ciranda.errors import StepError
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.machine import MachineWindows
from ciranda.middleware.window import Window

NAMES = ("requests", "input-tokens", "output-tokens")
SPANS = [(50, 60.0), (30_000, 60.0), (8_000, 60.0)]

on_loops = [pytest.mark.anyio, virtual_time]


@pytest.fixture(params=["engine", "machine"])
def made(request, tmp_path):
    """Return what makes limiters of one kind on a clock; those of a machine share a file."""

    def make(spans, clock, names=()):
        if request.param == "engine":
            return Limiter([Window(*span) for span in spans], clock, names)
        return Limiter(MachineWindows("x", spans, folder=tmp_path, clock=clock), clock, names)

    return make


def test_all_dimensions_are_taken_together_or_not_at_all(made):
    clock = Clock()
    limiter = made(SPANS, clock)

    assert limiter.try_take((1, 29_000, 100)) == 1000.0
    assert limiter.try_take((1, 1_001, 100)) is None
    assert limiter.earliest((1, 1_001, 100)) == 1060.0
    assert limiter.try_take((1, 1_001, 100)) is None
    assert limiter.fill() == (1 / 50, 29 / 30, 100 / 8000)


def test_what_was_not_used_is_free_at_once(made):
    clock = Clock()
    limiter = made(SPANS, clock)
    at = limiter.try_take((1, 30_000, 8_000))
    clock.now += 5

    limiter.settle(at, (1, 30_000, 8_000), (1, 12_000, 500))

    assert limiter.try_take((1, 18_000, 7_500)) == 1005.0
    assert limiter.fill() == (2 / 50, 1.0, 1.0)


def test_what_was_used_beyond_the_estimate_is_booked(made):
    clock = Clock()
    limiter = made(SPANS, clock)
    at = limiter.try_take((1, 100, 100))

    limiter.settle(at, (1, 100, 100), (1, 100, 9_000))

    assert limiter.fill()[2] == 9_000 / 8_000
    assert limiter.try_take((1, 100, 1)) is None
    assert limiter.try_take((1, 100, 0)) == 1000.0  # what asks for none of it does not wait
    clock.now += 60
    assert limiter.try_take((1, 100, 8_000)) == 1060.0


def test_what_can_never_fit_is_refused_with_a_sentence(made):
    limiter = made(SPANS, Clock(), NAMES)

    expected = r"^a call that costs 30001 input-tokens can never fit a limit of 30000$"
    with pytest.raises(StepError, match=expected) as caught:
        limiter.reserve((1, 30_001, 0))

    assert (caught.value.kind, caught.value.retryable) == ("limit", False)
    assert limiter.earliest((1, 30_001, 0)) == float("inf")
    assert limiter.try_take((1, 30_001, 0)) is None
    assert limiter.idle()


def test_nothing_starts_before_the_time_that_the_other_side_asked_for(made):
    clock = Clock()
    limiter = made(SPANS, clock)

    limiter.pause(limiter.now() + 30)
    limiter.pause(limiter.now() + 10)  # an earlier time changes nothing

    assert limiter.try_take((1, 1, 1)) is None
    assert limiter.earliest((1, 1, 1)) == 1030.0
    assert not limiter.idle()
    clock.now += 30
    assert limiter.try_take((1, 1, 1)) == 1030.0


def test_reservations_follow_each_other_and_can_be_given_back(made):
    limiter = made([(2, 10.0)], Clock())

    times = [limiter.reserve((1,)) for _ in range(5)]
    limiter.settle(times[-1], (1,), (0,))

    assert times == [1000.0, 1000.0, 1010.0, 1010.0, 1020.0]
    assert limiter.reserve((2,)) == 1020.0


def test_costs_of_another_number_of_dimensions_are_refused():
    with pytest.raises(ValueError, match="zip"):
        Limiter([Window(*span) for span in SPANS], Clock()).try_take((1, 2))


def test_a_wall_clock_that_is_set_back_changes_nothing(made, monkeypatch):
    clock = Clock()
    limiter = made([(1, 60.0)], clock)
    limiter.try_take((1,))
    monkeypatch.setattr("time.time", lambda: -86_400.0)

    clock.now += 59
    assert limiter.try_take((1,)) is None
    clock.now += 1
    assert limiter.try_take((1,)) == 1060.0


class TestWaiting:
    """In virtual time, on both event loops."""

    pytestmark = on_loops

    async def test_of_a_hundred_callers_exactly_fifty_start_in_each_minute(self, made):
        limiter = made(SPANS, anyio.current_time, NAMES)
        zero = anyio.current_time()
        started: list[tuple[float, int]] = []

        async def caller(number: int) -> None:
            at = await limiter.acquire((1, 10, 10))
            assert at <= anyio.current_time()
            started.append((anyio.current_time() - zero, number))

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(caller, number)
                await anyio.lowlevel.checkpoint()
            await anyio.sleep(59.5)
            assert len(started) == 50

        assert [number for _, number in started] == list(range(100))
        assert [round(at, 3) for at, _ in started] == [0.0] * 50 + [60.0] * 50

    async def test_a_refund_wakes_whoever_waits_for_it(self, made):
        limiter = made([(100, 60.0)], anyio.current_time)
        at = limiter.try_take((100,))
        zero = anyio.current_time()
        started: list[float] = []

        async def caller(cost: int) -> None:
            await limiter.acquire((cost,))
            started.append(round(anyio.current_time() - zero, 3))

        async with anyio.create_task_group() as group:
            group.start_soon(caller, 60)
            await anyio.sleep(0.5)
            group.start_soon(caller, 40)
            await anyio.sleep(9.5)
            limiter.settle(at, (100,), (10,))

        assert started == [10.0, 60.0]

    async def test_a_pause_holds_back_whoever_waits_already(self, made):
        limiter = made([(1, 10.0)], anyio.current_time)
        limiter.try_take((1,))
        zero = anyio.current_time()
        async with anyio.create_task_group() as group:
            group.start_soon(limiter.acquire, (1,))
            await anyio.sleep(5)
            limiter.pause(limiter.now() + 40)

        assert anyio.current_time() - zero == pytest.approx(45, abs=0.01)

    async def test_a_reservation_comes_behind_everybody_who_waits(self, made):
        limiter = made([(1, 10.0)], anyio.current_time)
        zero = limiter.try_take((1,))
        started: list[float] = []

        async def caller() -> None:
            started.append(round(await limiter.acquire((1,)) - zero, 3))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(caller)
            await anyio.sleep(1)
            planned = limiter.reserve((1,))

        assert started == [10.0, 20.0, 30.0]
        assert planned - zero == pytest.approx(40.0)

    async def test_a_large_request_is_not_starved_by_small_ones(self, made):
        limiter = made([(10, 1.0)], anyio.current_time)
        order: list[str] = []

        async def caller(name: str, cost: int) -> None:
            await limiter.acquire((cost,))
            order.append(name)

        async with anyio.create_task_group() as group:
            for name, cost in [("a", 6), ("large", 10), ("b", 1), ("c", 1)]:
                group.start_soon(caller, name, cost)
                await anyio.sleep(0.001)

        assert order == ["a", "large", "b", "c"]

    async def test_cancelled_callers_take_nothing_and_hold_nobody_back(self, made):
        limiter = made([(5, 10.0)], anyio.current_time)
        chance = random.Random(3)
        zero = anyio.current_time()
        scopes: list[anyio.CancelScope] = []
        started: list[float] = []

        async def caller(scope: anyio.CancelScope) -> None:
            with scope:
                await limiter.acquire((1,))
                started.append(anyio.current_time() - zero)

        async with anyio.create_task_group() as group:
            for _ in range(60):
                scopes.append(anyio.CancelScope())
                group.start_soon(caller, scopes[-1])
                await anyio.lowlevel.checkpoint()
            await anyio.sleep(1)
            for scope in [scopes[5], *chance.sample(scopes[6:], 29)]:
                scope.cancel()

        assert len(started) == 30  # 30 starts, 5 in each 10 seconds
        assert max(started) == pytest.approx(50, abs=0.01)
        assert len(limiter) == 0


# On one loop: it takes seconds, and `test_limits.py` has a thousand of them on both.
@pytest.mark.uncounted
@pytest.mark.anyio
@pytest.mark.parametrize(
    "anyio_backend", [("asyncio", {"loop_factory": VirtualLoop})], ids=["asyncio"]
)
async def test_ten_thousand_waiters_are_woken_once_each(monkeypatch):
    limiter = Limiter([Window(100, 1.0), Window(100_000, 1.0)], anyio.current_time)
    sleep, woken = anyio.sleep_forever, 0

    async def counted() -> None:
        nonlocal woken
        try:
            await sleep()
        finally:
            woken += 1

    monkeypatch.setattr(anyio, "sleep_forever", counted)
    zero = anyio.current_time()
    async with anyio.create_task_group() as group:
        for _ in range(10_000):
            group.start_soon(limiter.acquire, (1, 7))

    assert woken <= 1.1 * 10_000
    assert 10_000 / (anyio.current_time() - zero + 1.0) >= 0.97 * 100
