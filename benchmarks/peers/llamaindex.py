"""LlamaIndex workflows: steps that take and give events."""

from __future__ import annotations

from typing import Any

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent

from benchmarks.turns import Contender

NAME = "LlamaIndex workflows"


class Next(Event):
    """Go on with a value."""

    value: int
    left: int


class Piece(Event):
    """One step of the fan is to be done."""

    number: int
    source: int


class Done(Event):
    """One step of the fan is done."""

    value: int


class Begin(StartEvent):
    """How many steps there are."""

    size: int


class Chain(Workflow):
    """One step that hands an event to itself."""

    @step
    async def begin(self, ev: Begin) -> Next | StopEvent:
        """Give the first value."""
        return Next(value=0, left=ev.size - 1) if ev.size > 1 else StopEvent(result=0)

    @step
    async def bump(self, ev: Next) -> Next | StopEvent:
        """Add one."""
        value = ev.value + 1
        return Next(value=value, left=ev.left - 1) if ev.left > 1 else StopEvent(result=value)


class Fan(Workflow):
    """A step that sends pieces, one that does them, one that waits for all."""

    @step
    async def begin(self, ctx: Context, ev: Begin) -> Piece | None:
        """Send the pieces."""
        await ctx.store.set("size", ev.size)
        for number in range(ev.size):
            ctx.send_event(Piece(number=number, source=1))
        return None

    @step(num_workers=64)
    async def add(self, ev: Piece) -> Done:
        """Add."""
        return Done(value=ev.source + ev.number)

    @step
    async def gather(self, ctx: Context, ev: Done) -> StopEvent | None:
        """Sum up once all are there."""
        found = ctx.collect_events(ev, [Done] * await ctx.store.get("size"))
        return None if found is None else StopEvent(result=sum(each.value for each in found))


def chain(size: int) -> Contender:
    """Return a run of the chain."""

    async def run() -> Any:
        return await Chain(timeout=None).run(start_event=Begin(size=size))

    return run


def fan(size: int) -> Contender:
    """Return a run of the fan."""

    async def run() -> Any:
        return await Fan(timeout=None).run(start_event=Begin(size=size))

    return run
