"""Who may start when, in virtual time on both event loops."""

import random

import anyio
import pytest
from tests.engine.middleware.stage import Clock, Stage, plan, wrapped
from tests.engine.middleware.virtual import virtual_time

from ciranda.errors import StepError
from ciranda.layer import Call
from ciranda.middleware.limits import Limiter, Limiters
from ciranda.middleware.shared import Shared
from ciranda.middleware.window import Window
from ciranda.workflow.model import Breaker, Rate

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_callers_start_in_order_and_never_more_than_the_limit_in_any_window():
    limiter = Limiter([Window(50, 60.0)], anyio.current_time)
    started: list[tuple[float, int]] = []
    zero = anyio.current_time()

    async def caller(number: int) -> None:
        await limiter.acquire((1,))
        started.append((anyio.current_time() - zero, number))

    async with anyio.create_task_group() as group:
        for number in range(500):
            group.start_soon(caller, number)
            await anyio.lowlevel.checkpoint()

    times = [at for at, _ in started]
    assert [number for _, number in started] == list(range(500))
    assert all(later - first >= 59.999 for first, later in zip(times, times[50:], strict=False))
    assert times[-1] == pytest.approx(9 * 60, abs=0.01)
    assert len(limiter) == 0


async def test_a_waiting_caller_is_woken_once_for_its_start(monkeypatch):
    limiter = Limiter([Window(1, 1.0)], anyio.current_time)
    woken = 0
    sleep = anyio.sleep_forever

    async def counted() -> None:
        nonlocal woken
        try:
            await sleep()
        finally:
            woken += 1

    monkeypatch.setattr(anyio, "sleep_forever", counted)

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(limiter.acquire, (1,))

    assert woken <= 1.1 * 1000


async def test_cancelled_callers_take_nothing_with_them():
    limiter = Limiter([Window(5, 10.0)], anyio.current_time)
    chance = random.Random(7)
    scopes: list[anyio.CancelScope] = []
    started: list[float] = []
    zero = anyio.current_time()

    async def caller(scope: anyio.CancelScope) -> None:
        with scope:
            await limiter.acquire((1,))
            started.append(anyio.current_time() - zero)

    async with anyio.create_task_group() as group:
        for _ in range(200):
            scopes.append(anyio.CancelScope())
            group.start_soon(caller, scopes[-1])
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(1)
        for scope in [scopes[5], *chance.sample(scopes[6:], 94)]:
            scope.cancel()

    assert len(started) == 105
    assert max(started) == pytest.approx(200, abs=0.01)  # 105 starts, 5 in each 10 seconds


async def test_a_large_request_is_not_starved_by_small_ones_behind_it():
    limiter = Limiter([Window(10, 1.0)], anyio.current_time)
    order: list[str] = []

    async def caller(name: str, cost: int) -> None:
        await limiter.acquire((cost,))
        order.append(name)

    async with anyio.create_task_group() as group:
        for name, cost in [("a", 6), ("large", 10), ("b", 1), ("c", 1)]:
            group.start_soon(caller, name, cost)
            await anyio.sleep(0.001)

    assert order == ["a", "large", "b", "c"]


async def test_what_can_never_fit_is_refused_at_once():
    limiter = Limiter([Window(10, 1.0)], anyio.current_time)

    with pytest.raises(StepError, match=r"^a call that costs 11 can never fit a limit of 10$"):
        await limiter.acquire((11,))

    assert len(limiter) == 0


async def test_steps_share_a_rate_by_key_and_runs_share_that_of_a_step():
    shared, stage = Shared(), Stage()
    times: dict[str, float] = {}
    zero = anyio.current_time()

    async def core(call: Call) -> None:
        times[call.path] = round(anyio.current_time() - zero, 2)

    key = "${{ inputs.tenant }}"
    named = wrapped(plan(rate=Rate(1, 10.0, key)), shared, core)
    other = wrapped(plan(name="other", rate=Rate(1, 10.0, key)), shared, core)
    alone = wrapped(plan(name="alone", rate=Rate(1, 10.0)), shared, core)

    async with anyio.create_task_group() as group:
        for inner, path, tenant in [
            (named, "a", "x"),
            (other, "b", "x"),
            (other, "c", "y"),
            (alone, "d", "x"),
            (alone, "e", "y"),
        ]:
            scope = {"inputs": {"tenant": tenant}}
            group.start_soon(inner, stage.call(path=path, scope=scope, run=f"run-{path}"))
            await anyio.lowlevel.checkpoint()

    assert times == {"a": 0.0, "b": 10.0, "c": 0.0, "d": 0.0, "e": 10.0}


async def test_the_breakers_clock_starts_when_the_limit_lets_a_call_start():
    shared, stage = Shared(), Stage()
    breaker = Breaker(slow=0.5, slow_after=1.0, window=2, minimum=2)

    async def core(call: Call) -> None:
        await anyio.sleep(0.5)

    inner = wrapped(plan(rate=Rate(1, 10.0), breaker=breaker), shared, core)
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(inner, stage.call())

    assert stage.names() == []


async def test_idle_limiters_are_forgotten_and_those_that_count_are_kept():
    clock = Clock()
    limiters = Limiters(clock, most=10)
    for number in range(10):
        limiters.limiter(str(number), Rate(1, 10.0)).try_take((1,))
    kept = limiters.limiter("3", Rate(1, 10.0))

    assert limiters.limiter("new", Rate(1, 10.0)).try_take((1,)) is not None
    assert len(limiters) == 11
    assert limiters.limiter("3", Rate(1, 10.0)) is kept

    clock.now += 60
    for number in range(100):
        limiters.limiter(f"later {number}", Rate(1, 10.0))

    assert len(limiters) <= 25
