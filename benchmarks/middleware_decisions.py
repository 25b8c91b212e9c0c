"""What a decision of the breaker, the cache and the rate limit costs, beside references.

    python benchmarks/middleware_decisions.py

Figures are the best of several rounds, in microseconds a call. A layer's figure is its call
minus the same call without it. References that are not installed are left out: cachetools,
pybreaker, aiobreaker, aiolimiter.

Last figures (2 cores, Python 3.11): see the end of `docs/middleware.md`.
"""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import anyio
import msgspec

from ciranda.actions import action
from ciranda.context import Context, RunInfo
from ciranda.layer import Call, Next, StepPlan, onion
from ciranda.middleware.answers import Answers
from ciranda.middleware.builtin import builtins
from ciranda.middleware.circuit import Circuit
from ciranda.middleware.limits import Limiter
from ciranda.middleware.shared import Shared
from ciranda.middleware.window import Window
from ciranda.workflow.model import Breaker, Cache, Rate, Step

ROUNDS = 7
CALLS = 20_000
INPUTS = {"path": "payments.csv", "limit": 100, "columns": ["id", "from", "to", "amount"]}


class Host:
    """Hear nothing."""

    thread = 0

    async def publish(self, ctx: Context, event: Any) -> None:
        """Forget the event."""


@action("bench.work", pure=True, version="1")
async def work(path: str, limit: int, columns: list[str]) -> int:
    """Do nothing."""
    return limit


def timed(function: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            function()
        best = min(best, time.perf_counter() - began)
    return best / CALLS * 1e6


async def timed_async(function: Callable[[], Awaitable[object]]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            await function()
        best = min(best, time.perf_counter() - began)
    return best / CALLS * 1e6


def installed(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def show(what: str, cost: float, goal: str = "") -> None:
    print(f"  {what:<52} {cost:8.2f} us  {goal}")


async def core(call: Call) -> int:
    return 100


async def nothing() -> int:
    return 100


def stepped(shared: Shared, **options: Any) -> Next:
    step = Step(id="bench", uses="bench.work", **options)
    plan = StepPlan("bench", "bench.work", work, step)
    layers = [plugin.middleware(plan) for plugin in builtins(lambda: shared).values()]
    return onion([layer for layer in layers if layer is not None], core)


def breakers() -> None:
    print("breaker, closed: one decision and one result")
    for title, options in [
        ("window of 20 calls", Breaker()),
        ("window of 10 seconds", Breaker(window=10, window_seconds=True)),
    ]:
        circuit = Circuit(options)

        def decide(circuit: Circuit = circuit) -> None:
            circuit.record(circuit.admit(1.0), 1.0, failed=False, slow=False)

        show(f"state machine, {title}", timed(decide), "goal 1")


async def breaker_references() -> None:
    if pybreaker := installed("pybreaker"):
        guard = pybreaker.CircuitBreaker()
        show("pybreaker (sync; no rates, no windows)", timed(lambda: guard.call(int)))
    if aiobreaker := installed("aiobreaker"):
        guarded = aiobreaker.CircuitBreaker()(nothing)
        show("aiobreaker (no rates, no windows)", await timed_async(guarded))


def caches() -> None:
    print("cache hit in memory")
    clock = time.monotonic
    answers = Answers(clock=clock)
    answers.keep("k" * 64, msgspec.msgpack.encode(INPUTS), Cache())
    show("memory alone, a copy for each reader", timed(lambda: answers.get("k" * 64, Cache())))
    known = functools.lru_cache(lambda path, limit: INPUTS)
    show("functools.lru_cache (1 == True, one shared value)", timed(lambda: known("p", 100)))
    if cachetools := installed("cachetools"):
        kept = cachetools.TTLCache(1000, 60)
        kept["k"] = INPUTS
        show("cachetools.TTLCache (one shared value)", timed(lambda: kept["k"]))


def limiters() -> None:
    print("rate limit, not reached")
    window = Window(10**9, 60.0)
    state = {"now": 0.0}

    def reserve() -> None:
        state["now"] += 1.0
        window.take(1, window.earliest(1, state["now"]))

    show("exact window", timed(reserve), "goal 3")
    limiter = Limiter([Window(4000, 1e-3)], time.monotonic)
    show("limiter with its clock and queue", timed(lambda: limiter.try_take((1,))), "goal 3")


async def limiter_references() -> None:
    if aiolimiter := installed("aiolimiter"):
        bucket = aiolimiter.AsyncLimiter(1e9, 1)
        show("aiolimiter (leaky bucket, asyncio only)", await timed_async(bucket.acquire))


async def layers() -> None:
    print("as layers: added to a step without any")
    host: Any = Host()
    info = RunInfo("run")

    def context(call: Call) -> Context:
        return Context(host, info, "bench", call.path)

    def one(inner: Next) -> Callable[[], Awaitable[Any]]:
        return lambda: inner(Call(INPUTS, context, "bench", 1, {}))

    plain = await timed_async(one(stepped(Shared())))
    cached = stepped(Shared(), cache=Cache())
    await one(cached)()
    show("step without layers", plain)
    show("timeout", await timed_async(one(stepped(Shared(), timeout=60.0))) - plain)
    show("breaker", await timed_async(one(stepped(Shared(), breaker=Breaker()))) - plain, "goal 5")
    fast = replace(Shared(), clock=time.monotonic)
    show(
        "breaker on time.monotonic",
        await timed_async(one(stepped(fast, breaker=Breaker()))) - plain,
    )
    show("cache hit", await timed_async(one(cached)) - plain, "goal 10")
    rate = Rate(10**9, 1e-3)
    show("rate, not reached", await timed_async(one(stepped(Shared(), rate=rate))) - plain)


async def main() -> None:
    breakers()
    await breaker_references()
    caches()
    limiters()
    await limiter_references()
    await layers()


if __name__ == "__main__":
    anyio.run(main)
