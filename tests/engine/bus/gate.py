"""An observer that waits for permits, and events for it."""

from typing import Any

import anyio

from ciranda.events import Event, StepCompleted
from ciranda.hooks import observer


def event(number: int = 0) -> StepCompleted:
    return StepCompleted(path="a", seq=number)


class Gate:
    """An observer that handles one event for each permit."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.permits = 0
        self.moved = anyio.Event()

    async def handle(self, event: Event) -> None:
        while self.permits == 0:
            await self.moved.wait()
        self.permits -= 1
        self.heard.append(event.seq)

    def permit(self, count: int = 1) -> None:
        self.permits += count
        self.moved.set()
        self.moved = anyio.Event()


def gated(gate: Gate, **options: Any) -> object:
    class Plugin:
        @observer(StepCompleted, **options)
        async def handle(self, event: Event) -> None:
            await gate.handle(event)

    return Plugin()
