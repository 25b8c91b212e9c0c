"""What the bus costs: publish to observers, ask through middleware, beside pluggy and await.

Run alone: `python benchmarks/bus_dispatch.py`. Each figure is the best of several rounds, in
microseconds; the ratios are of figures of one run.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from types import ModuleType

import anyio
import pluggy

from ciranda.bus import Bus
from ciranda.events import Request, StepCompleted, StepStarted
from ciranda.hooks import hookimpl, hookspec
from ciranda.layer import Layer, Place

ROUNDS = 7
CALLS = 20_000


class Judge(Request[str], frozen=True, kw_only=True):
    """A question for this benchmark."""

    claim: str


class Specs:
    """Stands in for a module of hook specs."""

    @staticmethod
    @hookspec
    def judge(request: Judge) -> str | None:
        """Answer a question."""


class Listener:
    """Hear a fact and do nothing."""

    @hookimpl
    def step_completed(self, event: StepCompleted) -> None:
        """Do nothing."""


class Expert:
    """Answer at once."""

    @hookimpl
    async def judge(self, request: Judge) -> str:
        """Answer with the claim."""
        return request.claim


class Ring:
    """Put a layer around every request."""

    @hookimpl
    def middleware(self, target: object) -> Layer | None:
        """Pass everything on."""

        async def layer(call, inner):
            return await inner(call)

        return Layer(layer, Place.TRACING) if target is Judge else None


def _bus(*plugins: object) -> Bus:
    bus = Bus()
    specs = ModuleType("specs")
    vars(specs)["judge"] = Specs.judge
    bus.add_hooks(specs)
    for number, plugin in enumerate(plugins):
        bus.register(plugin, f"plugin{number}")
    return bus


def _best(call: Callable[[], object]) -> float:
    def one() -> float:
        begun = time.perf_counter()
        for _ in range(CALLS):
            call()
        return (time.perf_counter() - begun) / CALLS * 1e6

    return min(one() for _ in range(ROUNDS))


async def _best_async(call: Callable[[], Awaitable[object]]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(CALLS):
            await call()
        best = min(best, (time.perf_counter() - begun) / CALLS * 1e6)
    return best


def _pluggy_of_four() -> Callable[[], Awaitable[None]]:
    class Spec:
        @pluggy.HookspecMarker("peer")
        def heard(self, event):
            """Hear an event."""

    class Impl:
        @pluggy.HookimplMarker("peer")
        async def heard(self, event):
            return None

    manager = pluggy.PluginManager("peer")
    manager.add_hookspecs(Spec)
    for number in range(4):
        manager.register(Impl(), str(number))
    event = StepCompleted(path="a")

    async def publish() -> None:
        for one in manager.hook.heard(event=event):
            await one

    return publish


async def main() -> None:
    """Measure and print."""
    bus = _bus(*(Listener() for _ in range(4)))
    heard, unheard = StepCompleted(path="a"), StepStarted(path="a")
    started = bus.channel(StepStarted)
    asked = _bus(Expert(), Ring(), Ring(), Ring())
    request = Judge(claim="x")

    empty = _best(lambda: None)
    peer = await _best_async(_pluggy_of_four())
    figures = {
        "channel.send is None, nobody listens": _best(lambda: started.send is None) - empty,
        "publish_nowait, nobody listens": _best(lambda: bus.publish_nowait(unheard)) - empty,
        "publish_nowait, 4 inline observers": _best(lambda: bus.publish_nowait(heard)) - empty,
        "publish, 4 inline observers": await _best_async(lambda: bus.publish(heard)),
        "ask, no middleware": await _best_async(lambda: _bus_plain.ask(request)),
        "ask through 3 middlewares": await _best_async(lambda: asked.ask(request)),
        "gather of 1": await _best_async(lambda: asked.gather(request)),
    }
    print(f"{'pluggy + await, 4 implementations':<40} {peer:8.3f} us")
    for name, figure in figures.items():
        print(f"{name:<40} {figure:8.3f} us   {figure / peer:6.2f} of pluggy + await")


_bus_plain = _bus(Expert())

if __name__ == "__main__":
    anyio.run(main)
