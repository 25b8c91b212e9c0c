"""Observers that miss nothing: they read the logs of runs, and the store keeps how far."""

from __future__ import annotations

from collections.abc import Callable, Container
from math import inf
from typing import Any, Final, NamedTuple, final

import anyio
import anyio.to_thread

from ciranda.bus.buffered import CHAIN
from ciranda.bus.implementation import Implementation
from ciranda.bus.persistent import pause_after
from ciranda.bus.report import ObserverCounts, ObserverFailure
from ciranda.bus.served import Chain
from ciranda.errors import CirandaError, RunNotFoundError
from ciranda.events import Event
from ciranda.hooks import ObserverMark
from ciranda.runs.agenda import Agenda
from ciranda.runs.reading import News, Reading
from ciranda.store import Log
from ciranda.store.cursors import Cursor, Cursors

__all__ = ["Durable"]

LATER: Final = 30.0  # seconds until a run is looked at again that somebody else sees to
_AGAIN: Final = "it is told again when the store is opened next"


class _Part(NamedTuple):
    """A claimed run, and what comes next in it."""

    number: int
    news: list[News]


@final
class Durable:
    """Tell one async function of what runs recorded, in order, each event at least once.

    An event on the bus is no more than the news that there is something to read. A run that
    another process executes, or tells this observer of, is left to that process.

    Args:
        implementation: The function.
        mark: What was said about it.
        report: Is told of failures.
        log: Returns the log of runs.
        cursors: Returns how far observers have come.
        mine: The runs that this engine executes.
        owner: Tells its claims from those of others of the same name.
    """

    def __init__(
        self,
        implementation: Implementation,
        mark: ObserverMark,
        report: Callable[[ObserverFailure], None],
        *,
        log: Callable[[], Log],
        cursors: Callable[[], Cursors],
        mine: Container[str],
        owner: str,
    ) -> None:
        self.implementation: Final = implementation
        self.mark: Final = mark
        self.full: Final = False
        self._name: Final = f"{implementation.plugin}:{implementation.name}"
        self._report: Final = report
        self._log: Final = log
        self._cursors: Final = cursors
        self._mine: Final = mine
        self._owner: Final = owner
        self._reading: Final = Reading(mark.types)
        self._agenda: Final = Agenda()
        self._chains: Final[dict[str, Chain]] = {}
        self._counts: Final = {"delivered": 0, "failed": 0, "dropped": 0, "undelivered": 0}
        self._since = 0  # the number of the run after which it begins
        self._hand: Event | None = None
        self._serving = False
        self._closing = False
        self._wake = anyio.Event()
        self._ended = anyio.Event()
        self._scope: anyio.CancelScope | None = None

    @property
    def idle(self) -> bool:
        """See `Served`: there may be something to read as long as it is served."""
        return not self._serving

    def counts(self) -> ObserverCounts:
        """Return what became of events; `waiting` is the one that is being handled."""
        about = self.implementation
        waiting = int(self._hand is not None)
        return ObserverCounts(about.plugin, about.name, **self._counts, waiting=waiting)

    def offer(self, event: Any, chain: Chain) -> None:
        """Take note that a run has recorded something."""
        if event.seq >= 0 and self._serving:
            self._chains[event.run] = chain
            self._agenda.add(event.run)
            self._wake.set()

    async def room(self) -> None:
        """Return at once: what is in a log needs no room."""

    def open(self) -> None:
        """See `Served`; an observer that is new begins with runs that begin from now on."""
        try:
            self._since = self._cursors().begin(self._name, self._newest())
        except CirandaError as error:
            self._failed(f"it hears nothing: {error}", error)
            return
        self._serving, self._closing = True, False

    async def serve(self) -> None:
        """See `Served`; what is left when time is up is told another time."""
        if not self._serving:
            return
        deadline = anyio.current_time() + self.mark.drain if self._closing else inf
        scope = self._scope = anyio.CancelScope(deadline=deadline)
        try:
            with scope:
                await self._look()
                await self._go_on()
        finally:
            self._scope = None
            self._serving = False
            if scope.cancelled_caught:
                self._failed(f"not finished {self.mark.drain:g} s after the end; {_AGAIN}")
            for run, error in self._agenda.failing():
                self._failed(f"it failed in run {run}; {_AGAIN}: {error}", error)
            self._ended.set()

    def close(self) -> None:
        """See `Served`."""
        if not self._closing:
            self._closing = True
            if self._scope is not None:
                self._scope.deadline = anyio.current_time() + self.mark.drain
            self._wake.set()

    async def settle(self) -> None:
        """Tell what can be told at once, for `drain` seconds at most, and then no more."""
        self.close()
        await self._ended.wait()

    async def _look(self) -> None:
        """Note the runs that recorded more than was told."""
        try:
            owed, others = await anyio.to_thread.run_sync(self._owed)
        except CirandaError as error:
            self._failed(f"what it missed cannot be looked for: {error}", error)
            return
        for run in owed:
            self._agenda.add(run)
        for run in others:
            self._agenda.postpone(run, anyio.current_time() + LATER)

    def _owed(self) -> tuple[list[str], list[str]]:
        """Return the runs with something to tell, and those of them that others execute."""
        log, cursors = self._log(), self._cursors()
        heads, places = log.heads(self._since), cursors.places(self._name)
        known = {head.number for head in heads}
        newest = max(known, default=self._since)
        while heads and heads[0].status == "succeeded":  # it is never gone on with
            if heads[0].seq != places.get(heads[0].number, -1):
                break
            self._since = heads[0].number
            known.discard(heads.pop(0).number)
        gone = [run for run in places if run <= newest and run not in known]
        if gone:
            cursors.forget(self._name, self._since, gone)
        # A place beyond the end is one in a log that lost its end.
        owed = [head.run for head in heads if head.seq != places.get(head.number, -1)]
        others = {run for run in owed if run not in self._mine and log.held(run)}
        return [run for run in owed if run not in others], list(others)

    async def _go_on(self) -> None:
        while True:
            run = self._agenda.take(anyio.current_time())
            if run is not None:
                await self._advance(run)
                continue
            if self._closing:
                return
            self._wake = anyio.Event()
            with anyio.move_on_at(self._agenda.next):
                await self._wake.wait()

    async def _advance(self, run: str) -> None:
        """Tell what comes next in a run; note when to go on with it."""
        try:
            part = await anyio.to_thread.run_sync(self._take_up, run)
            if part is None:
                self._agenda.postpone(run, anyio.current_time() + LATER)
                return
            if not part.news:
                self._chains.pop(run, None)
            try:
                if part.news and await self._tell(run, part):
                    self._agenda.add(run)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._release, part.number)
        except RunNotFoundError:  # it was pruned
            self._chains.pop(run, None)
        except CirandaError as error:
            self._agenda.give_up(run)
            self._failed(f"run {run} cannot be told of; {_AGAIN}: {error}", error)

    def _take_up(self, run: str) -> _Part | None:
        """Claim a run and read on in it; None when somebody else sees to it."""
        log, cursors = self._log(), self._cursors()
        if run not in self._mine and log.held(run):
            return None
        heads = log.heads(self._since, run)
        if not heads:  # it began before the observer did
            return _Part(0, [])
        number = heads[0].number
        cursor = cursors.claim(self._name, number, self._owner)
        if cursor is None:
            return None
        try:
            return _Part(number, self._reading.news(log, run, cursor))
        except BaseException:
            self._release(number)
            raise

    def _release(self, number: int) -> None:
        self._cursors().release(self._name, number, self._owner)

    async def _tell(self, run: str, part: _Part) -> bool:
        """Hand events over; say whether all were taken."""
        last = part.news[-1]
        for each in part.news:
            if each.event is not None and not await self._hand_over(run, each.event):
                return False
            if each.event is not None or each is last:
                with anyio.CancelScope(shield=True):  # it is done: nobody need hear it again
                    stands = await anyio.to_thread.run_sync(self._move, part.number, each.cursor)
                if not stands:
                    break
        return True

    def _move(self, number: int, cursor: Cursor) -> bool:
        return self._cursors().move(self._name, number, self._owner, cursor)

    async def _hand_over(self, run: str, event: Event) -> bool:
        """Call the function; say whether it returned."""
        token = CHAIN.set(self._chains.get(run, ()))
        self._hand = event
        try:
            await self.implementation.call(event)
        except (Exception, SystemExit) as error:  # an observer cannot fail a run
            tries = self._agenda.failed(run, error)
            pause = pause_after(tries)
            if pause is None:
                self._agenda.give_up(run)
                self._counts["failed"] += 1
                self._failed(f"it failed {tries} times in run {run}; {_AGAIN}: {error}", error)
            else:
                self._agenda.postpone(run, anyio.current_time() + pause)
            self._hand = None
            return False
        finally:
            CHAIN.reset(token)
        self._agenda.succeeded(run)
        self._counts["delivered"] += 1
        self._hand = None
        return True

    def _newest(self) -> int:
        log = self._log()
        rows = log.runs(limit=1)
        return log.heads(run=rows[0].id)[0].number if rows else 0

    def _failed(self, reason: str, error: BaseException | None = None) -> None:
        """Report a failure, with the type of the event at hand."""
        about = self.implementation
        kind = "" if self._hand is None else type(self._hand).__name__
        self._report(ObserverFailure(about.plugin, about.name, kind, reason, error))
