"""An async observer: a bounded buffer and the one task that empties it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from math import inf
from typing import Any, Final

import anyio

from ciranda.bus.implementation import Implementation
from ciranda.bus.report import ObserverCounts, ObserverFailure
from ciranda.bus.served import Chain
from ciranda.hooks import ObserverMark

__all__ = ["CHAIN", "Buffered"]

# The types whose observers led to what runs now: how a circle of events is found even when
# it goes through buffers, where no call stack shows it.
CHAIN: Final[ContextVar[Chain]] = ContextVar("ciranda_chain", default=())


class Buffered:
    """Deliver events to one async function, in order, each once, and count those it never gets.

    Of `offer`, `serve` and `close` none raises for what the function does. Everything runs in
    the event loop's thread, so plain attributes are enough.
    """

    __slots__ = (
        "_busy",
        "_closing",
        "_counts",
        "_last",
        "_queue",
        "_quiet",
        "_report",
        "_room",
        "_scope",
        "_serving",
        "_stopped",
        "_wake",
        "implementation",
        "mark",
    )

    def __init__(
        self,
        implementation: Implementation,
        mark: ObserverMark,
        report: Callable[[ObserverFailure], None],
    ) -> None:
        self.implementation: Final = implementation
        self.mark: Final = mark
        self._report = report
        self._queue: deque[tuple[Any, Chain]] = deque()
        self._counts = {"delivered": 0, "failed": 0, "dropped": 0, "undelivered": 0}
        self._quiet: anyio.Event | None = None
        self._busy = False
        self._last = ""  # the type of the event that was handed over last
        self._serving = False
        self._closing = False
        self._stopped = False
        self._wake: anyio.Event | None = None
        self._room: anyio.Event | None = None
        self._scope: anyio.CancelScope | None = None

    @property
    def full(self) -> bool:
        """Whether a publisher must wait: only ever so with the policy `block`."""
        return (
            self.mark.overflow == "block" and len(self._queue) >= self.mark.buffer and self._serving
        )

    def counts(self) -> ObserverCounts:
        """Return what became of every event offered so far."""
        waiting = len(self._queue) + self._busy
        about = self.implementation
        return ObserverCounts(about.plugin, about.name, **self._counts, waiting=waiting)

    def offer(self, event: Any, chain: Chain) -> None:
        """Take an event, or count it as one that will not be delivered."""
        queue = self._queue
        if not self._serving or self._stopped or self._closing:
            self._counts["undelivered"] += 1
            return
        if len(queue) >= self.mark.buffer:
            if self.mark.overflow == "drop_oldest":
                queue.popleft()
                self._counts["dropped"] += 1
            elif self.mark.overflow == "fail":
                self._counts["undelivered"] += 1
                self._give_up(
                    event, f"its buffer of {self.mark.buffer} events is full; it is stopped"
                )
                return
        queue.append((event, chain))
        if self._wake is not None:
            self._wake.set()

    async def room(self) -> None:
        """Wait until one more event fits."""
        while self.full:
            if self._room is None:
                self._room = anyio.Event()
            await self._room.wait()

    def open(self) -> None:
        """Begin to take events; `serve` must be started at once."""
        self._serving = True
        self._closing = False

    async def serve(self) -> None:
        """Hand events to the function until `close` has been called and the buffer is empty.

        Once closing, what is left after `drain` seconds is given up.
        """
        # Closed before its first turn: the time to drain begins only now.
        deadline = anyio.current_time() + self.mark.drain if self._closing else inf
        scope = self._scope = anyio.CancelScope(deadline=deadline)
        try:
            with scope:
                await self._deliver()
        finally:
            left = len(self._queue)
            if scope.cancelled_caught and not self._stopped:
                reason = f"not finished {self.mark.drain:g} s after the end; {left} events lost"
                self._report(self._failure(self._last, reason))
            self._discard()
            self._serving = False
            self._scope = None
            self._settled()

    def close(self) -> None:
        """Take no more events and let `serve` finish."""
        if self._closing:
            return
        self._closing = True
        if self._scope is not None:
            self._scope.deadline = anyio.current_time() + self.mark.drain
        if self._wake is not None:
            self._wake.set()

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting or being handled."""
        return not self._serving or not (self._queue or self._busy)

    async def settle(self) -> None:
        """Wait until the function has had every event; after `drain` seconds give it up."""
        with anyio.move_on_after(self.mark.drain) as scope:
            while not self.idle:
                if self._quiet is None:
                    self._quiet = anyio.Event()
                await self._quiet.wait()
        if scope.cancelled_caught:
            self.close()
            if self._scope is not None:
                self._scope.deadline = anyio.current_time()

    def _settled(self) -> None:
        if self._quiet is not None:
            self._quiet.set()
            self._quiet = None

    async def _deliver(self) -> None:
        while not self._stopped:
            if not self._queue:
                self._settled()
                if self._closing:
                    return
                self._wake = anyio.Event()
                await self._wake.wait()
                self._wake = None
                continue
            event, chain = self._queue.popleft()
            if self._room is not None:
                self._room.set()
                self._room = None
            await self._hand_over(event, chain)

    async def _hand_over(self, event: Any, chain: Chain) -> None:
        token = CHAIN.set(chain)
        self._busy = True
        self._last = type(event).__name__
        outcome = "failed"
        try:
            await self.implementation.call(event)
            outcome = "delivered"
        except (Exception, SystemExit) as error:  # an observer cannot fail a run
            self._report(self._failure(self._last, str(error), error))
        finally:
            self._busy = False
            self._counts[outcome] += 1
            CHAIN.reset(token)

    def _give_up(self, event: Any, reason: str) -> None:
        self._stopped = True
        self._discard()
        self._report(self._failure(type(event).__name__, reason))
        self.close()

    def _discard(self) -> None:
        self._counts["undelivered"] += len(self._queue)
        self._queue.clear()
        if self._room is not None:
            self._room.set()
            self._room = None

    def _failure(
        self, event: str, reason: str, error: BaseException | None = None
    ) -> ObserverFailure:
        about = self.implementation
        return ObserverFailure(about.plugin, about.name, event, reason, error)
