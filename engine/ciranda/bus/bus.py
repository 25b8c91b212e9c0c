"""The bus: publish facts, ask questions; pluggy orders, the bus dispatches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any, Final, TypeVar, final

import anyio
import pluggy
from anyio.abc import TaskGroup

from ciranda.bus.asking import Ask, compile_ask, compile_gather
from ciranda.bus.channel import Channel, compile_send
from ciranda.bus.implementation import Implementation
from ciranda.bus.order import ordered
from ciranda.bus.persistent import remembered
from ciranda.bus.report import ObserverCounts, ObserverFailure, log_failure
from ciranda.bus.roster import Roster
from ciranda.bus.served import MakeServed, Served
from ciranda.errors import PluginError
from ciranda.events import Event, Request
from ciranda.layer import Layer, StepPlan

__all__ = ["Bus"]

Answer = TypeVar("Answer")


@final
class Bus:
    """Carry events and requests between plugins; one for each engine.

    Plugin order is pluggy's: who registered last comes first, `tryfirst` before and `trylast`
    after. For each type the order is read once, into a plan; registering or removing a plugin
    drops the plans. All methods belong to the event loop's thread.

    Args:
        report: Called with each failure of an observer; logs it by default.
        durable: Makes what serves an observer that is marked `durable=True`.
    """

    def __init__(
        self,
        *,
        report: Callable[[ObserverFailure], None] = log_failure,
        durable: MakeServed = remembered,
    ) -> None:
        self._roster: Final = Roster(report, durable)
        self._report = report
        self._channels: dict[type, Channel] = {}
        self._asks: dict[type, Ask] = {}
        self._gathers: dict[type, Ask] = {}
        self._stack: list[type] = []
        self._revision = 0
        self._tasks: TaskGroup | None = None

    @property
    def hooks(self) -> pluggy.PluginManager:
        """Pluggy's registry; read it, and register through the bus."""
        return self._roster.manager

    @property
    def revision(self) -> int:
        """A number that is another one after a plugin came or went."""
        return self._revision

    def add_hooks(self, module: ModuleType) -> None:
        """Link the types in `module`'s hook specs to their hooks.

        Raises:
            PluginError: A spec is not of one message, or its type or name is taken.
        """
        for observer in self._roster.add_hooks(module):
            self._serve(observer)
        self._recompile()

    def register(self, plugin: object, name: str) -> None:
        """Use the marked functions of a module or object from now on.

        Raises:
            PluginError: The name or the object is in use, or a marked function does not fit.
        """
        for observer in self._roster.register(plugin, name):
            self._serve(observer)
        self._recompile()

    def unregister(self, name: str) -> None:
        """Forget a plugin; its buffered observers finish what they hold."""
        for observer in self._roster.unregister(name):
            observer.close()
        self._recompile()

    def check_pending(self) -> None:
        """Refuse marked functions whose hook nobody specifies.

        Raises:
            PluginError: There is one; the text names it and its plugin.
        """
        self._roster.check_pending()

    def channel(self, kind: type[Event]) -> Channel:
        """Return the channel of a type; it stays the same when plugins come and go."""
        channel = self._channels.get(kind)
        if channel is None:
            if not issubclass(kind, Event):
                raise TypeError(f"{kind.__name__} is not an Event; ask takes requests")
            channel = self._channels[kind] = Channel(kind)
            self._fill(channel)
        return channel

    def listens(self, kind: type[Event]) -> bool:
        """Return whether anybody hears events of this type."""
        return self.channel(kind).send is not None

    def publish_nowait(self, event: Event) -> bool:
        """Deliver to inline observers and buffer for the others.

        Returns:
            False when an observer that blocks is full: await `room()` before the next event.

        Raises:
            PluginError: The event comes from a circle of observers, 64 deep.
        """
        channel = self._channels.get(type(event)) or self.channel(type(event))
        send = channel.send
        if send is None:
            return True
        send(event)
        return not channel.blocking or not any(one.full for one in channel.blocking)

    async def publish(self, event: Event) -> None:
        """Deliver to inline observers and buffer for the others, waiting for those that block.

        Raises:
            PluginError: The event comes from a circle of observers, 64 deep.
        """
        channel = self._channels.get(type(event)) or self.channel(type(event))
        while channel.blocking and (full := [one for one in channel.blocking if one.full]):
            await full[0].room()
        if channel.send is not None:
            channel.send(event)

    async def room(self) -> None:
        """Wait until every observer that blocks can take one more event."""
        while full := [one for one in self._roster.buffered if one.full]:
            await full[0].room()

    async def settle(self) -> None:
        """Wait until buffered observers have had every event, each for its `drain` at most.

        What their plugins keep open may be closed after that.
        """
        busy = [one for one in self._roster.buffered if not one.idle]
        if busy:
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as group:
                    for one in busy:
                        group.start_soon(one.settle)

    def ask(self, request: Request[Answer]) -> Awaitable[Answer]:
        """Return the first answer that is not None, asking in plugin order, within middleware.

        Raises:
            UnansweredError: Nobody answered.
        """
        kind = type(request)
        ask = self._asks.get(kind)
        if ask is None:
            layers = self.layers(kind)
            ask = self._asks[kind] = compile_ask(kind, self._answering(kind), layers)
        return ask(request)

    def gather(self, request: Request[Answer]) -> Awaitable[list[Answer]]:
        """Return every answer that is not None, in plugin order; all are asked at once.

        Middleware stands around `ask` only. One failure cancels the others and is raised in an
        `ExceptionGroup`, with a note that names the plugin.
        """
        kind = type(request)
        gather = self._gathers.get(kind)
        if gather is None:
            gather = self._gathers[kind] = compile_gather(self._answering(kind))
        return gather(request)

    def layers(self, target: StepPlan | type[Request[Any]]) -> list[Layer]:
        """Return the layers that plugins put around `target`, outermost first.

        Raises:
            PluginError: A plugin's hook raised or returned no Layer, or no order fits.
        """
        return ordered(self._roster.layers(target))

    def counts(self) -> list[ObserverCounts]:
        """Return what became of the events for each buffered observer, in plugin order."""
        return [one.counts() for one in self._roster.buffered]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the buffered observers for as long as the block lasts, then let them drain.

        Events published outside of it reach inline observers only and count as undelivered
        for the others.
        """
        if self._tasks is not None:
            raise RuntimeError("the bus is running already")
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            self._tasks = group
            for observer in self._roster.buffered:
                self._serve(observer)
            try:
                yield
            except Exception as error:  # raised again below, where no group wraps it
                failure = error
            finally:
                self._tasks = None
                for observer in self._roster.buffered:
                    observer.close()
        if failure is not None:
            raise failure

    def _serve(self, observer: Served) -> None:
        if self._tasks is not None:
            observer.open()
            self._tasks.start_soon(observer.serve, name=f"observer {observer.implementation.name}")

    def _answering(self, kind: type) -> Sequence[Implementation]:
        if not issubclass(kind, Request):
            raise TypeError(f"{kind.__name__} is not a Request; publish takes events")
        hook = self._roster.hook_of(kind)
        if hook is None:
            raise PluginError(
                f"{kind.__name__} has no hook: list the module with its spec in a hook `hookspecs`"
            )
        return self._roster.implementations(hook)

    def _fill(self, channel: Channel) -> None:
        inline, buffered = self._roster.hearing(channel.type)
        channel.send = compile_send(channel.type, inline, buffered, self._stack, self._report)
        channel.blocking = tuple(one for one in buffered if one.mark.overflow == "block")

    def _recompile(self) -> None:
        self._revision += 1
        self._asks.clear()
        self._gathers.clear()
        for channel in self._channels.values():
            self._fill(channel)
