"""The listeners of all files that are served: begun, begun again, replaced, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, final

import anyio
from anyio.abc import TaskGroup

from ciranda.executors.loops import from_any_thread
from ciranda.runs.ungrouped import sentence
from ciranda.serve.flow import Flow
from ciranda.serve.health import Health
from ciranda.serve.hearing import Hearing
from ciranda.serve.lines import Lines
from ciranda.serve.listener import Listener
from ciranda.serve.trigger import Triggering
from ciranda.serve.work import Accepted, Order

__all__ = ["Ears"]

_LONGEST: Final = 60.0  # seconds of a pause; what listened for longer begins at the first again
_REPLACED: Final = 5.0  # seconds for the end of one whose file was read again
_LEAST: Final = 0.2  # seconds for the end of one when runs got no time either


@dataclass(slots=True, eq=False)
class _Ear:
    """One trigger and whoever listens for it."""

    flow: Flow
    trigger: Triggering
    hearing: Hearing
    stopping: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    listener: Listener | None = None

    def stop(self) -> None:
        self.hearing.close()
        self.stopping.set()
        if self.listener is not None:
            self.listener.stop()


@final
class Ears:
    """Has plugins listen, one task and one thread for each of their triggers.

    Args:
        flows: Returns what is served now.
        group: Where the tasks live.
        keep: Keeps an order in the backlog; None if there is no room. Blocks.
        health: Counts.
        lines: Tells.
        wake: Called in the server's loop when there is work.
        new_id: Makes ids.
        steady: The clock that measures how long one listened, in seconds.
        pause: Seconds before a listener that failed is called again; twice as many the next time.

    Attributes:
        left: The names of the triggers whose listeners did not end; their threads go on.
    """

    def __init__(
        self,
        flows: Callable[[], Iterable[Flow]],
        group: TaskGroup,
        keep: Callable[[Order], Accepted | None],
        *,
        health: Health,
        lines: Lines,
        wake: Callable[[], None],
        new_id: Callable[[], str],
        steady: Callable[[], float],
        pause: float = 1.0,
    ) -> None:
        self._flows: Final = flows
        self._group: Final = group
        self._keep_order: Final = keep
        self._health: Final = health
        self._lines: Final = lines
        self._wake: Final = wake
        self._new_id: Final = new_id
        self._steady: Final = steady
        self._pause: Final = pause
        self._soon: Final = from_any_thread()
        self._ears: Final[dict[int, _Ear]] = {}  # by the `id` of their triggers
        self._closed = False
        self.left: Final[list[str]] = []

    async def match(self) -> None:
        """Have exactly those listened for that are served: a file read again begins anew."""
        wanted = {
            id(trigger): (flow, trigger)
            for flow in self._flows()
            for trigger in flow.triggers
            if trigger.listens
        }
        gone = [self._ears.pop(key) for key in self._ears.keys() - wanted.keys()]
        for ear in gone:
            ear.stop()
        await self._end(gone, _REPLACED)
        for key, (flow, trigger) in wanted.items():
            if key not in self._ears and not self._closed:
                self._ears[key] = ear = _Ear(flow, trigger, self._hearing(flow, trigger))
                self._group.start_soon(self._keep, ear)

    def stop(self) -> None:
        """Have all listeners cancelled, and begin none."""
        self._closed = True
        for ear in self._ears.values():
            ear.stop()

    async def finish(self, grace: float) -> None:
        """Wait for the listeners that were stopped; who does not end is told of.

        Args:
            grace: Seconds that they get.
        """
        await self._end([*self._ears.values()], max(grace, _LEAST))

    async def _end(self, ears: list[_Ear], seconds: float) -> None:
        with anyio.move_on_after(seconds):
            for ear in ears:
                await ear.ended.wait()
        for ear in ears:
            if not ear.ended.is_set():
                self.left.append(ear.trigger.name)
                self._lines.error(
                    "left behind",
                    flow=ear.flow.file,
                    trigger=ear.trigger.name,
                    why="it goes on although it is cancelled; nothing that it hears counts",
                )

    def _hearing(self, flow: Flow, trigger: Triggering) -> Hearing:
        return Hearing(
            flow,
            trigger,
            self._keep_order,
            self._woken,
            health=self._health,
            lines=self._lines,
            new_id=self._new_id,
        )

    def _woken(self) -> None:
        with suppress(RuntimeError):  # the server has ended: what was accepted is for the next one
            self._soon(self._wake)

    async def _keep(self, ear: _Ear) -> None:
        """Have one trigger listened for until it is stopped, or its listener returns."""
        pause = self._pause
        file, name = ear.flow.file, ear.trigger.name
        try:
            while not ear.stopping.is_set():
                since = self._steady()
                failure = await self._listened(ear)
                if ear.stopping.is_set():
                    return
                if failure is None:
                    self._lines.info("heard out", flow=file, trigger=name)
                    return
                if self._steady() - since > _LONGEST:
                    pause = self._pause
                self._health.count("failures", ear.trigger.kind)
                self._lines.error(
                    "not listening", flow=file, trigger=name, why=sentence(failure), again=pause
                )
                with anyio.move_on_after(pause):
                    await ear.stopping.wait()
                pause = min(2 * pause, _LONGEST)
        finally:
            ear.stop()
            ear.ended.set()

    async def _listened(self, ear: _Ear) -> BaseException | None:
        name = ear.trigger.name
        ear.listener = Listener(f"trigger {name}", partial(ear.trigger.listen, ear.hearing))
        self._lines.info("listens", flow=ear.flow.file, trigger=name)
        self._health.listening += 1
        try:
            return await ear.listener.work()
        finally:
            self._health.listening -= 1
