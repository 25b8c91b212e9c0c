"""Performs runs, so many at a time: takes work from the backlog and says what became of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from ciranda.errors import CirandaError, LeaseLostError, RunNotFoundError, StoreError
from ciranda.serve.backlog import Backlog
from ciranda.serve.bench import Bench, MakeEngine
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines
from ciranda.serve.roster import Roster
from ciranda.serve.work import Work
from ciranda.store import Log, RunRow

__all__ = ["Crew"]

_ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})
_PARKED: Final = "waiting"
_PAUSE: Final = 5.0  # seconds before what could not be done now is tried again
_MENDING: Final = 60.0  # the same for a run that cannot go on
_LOOK: Final = 0.5  # seconds between two looks for what other processes left
_LONGEST_PAUSE: Final = 60


@final
class Crew:
    """Does the work of one server.

    Args:
        backlog: Where work is.
        roster: The flows that it begins runs of.
        log: The store, to see how far runs are.
        make: Makes engines for runs that no flow fits.
        most: Runs at a time.
        health: Counts.
        lines: Tells.
        steady: The clock that measures runs, in seconds.
    """

    def __init__(
        self,
        backlog: Backlog,
        roster: Roster,
        log: Log,
        make: MakeEngine,
        *,
        most: int,
        health: Health,
        lines: Lines,
        steady: Callable[[], float],
    ) -> None:
        self._backlog: Final = backlog
        self._roster: Final = roster
        self._log: Final = log
        self._make: Final = make
        self._most: Final = most
        self._health: Final = health
        self._lines: Final = lines
        self._steady: Final = steady
        self._work = anyio.Event()
        self._mean = 1.0  # seconds that a run takes
        self._stopped = False
        self._cut = False  # whether the grace is over
        self._scopes: Final[set[anyio.CancelScope]] = set()
        self._idle = anyio.Event()
        self._idle.set()

    def wake(self) -> None:
        """Look for work at once."""
        self._work.set()

    def pause(self) -> int:
        """Return the seconds after which there may be room in the backlog."""
        return min(_LONGEST_PAUSE, max(1, math.ceil(self._mean / self._most)))

    async def work(self, group: TaskGroup) -> None:
        """Take work for as long as the server takes any; `group` is for engines of old runs."""
        while not self._stopped:
            self._work = anyio.Event()
            while self._health.running < self._most and not self._stopped:
                try:
                    work = await anyio.to_thread.run_sync(self._backlog.take, [*self._roster.flows])
                except StoreError as error:
                    self._lines.error("no work", why=str(error))
                    await anyio.sleep(_PAUSE)
                    continue
                if work is None:
                    break
                if self._stopped:
                    await self._settle(self._backlog.give_back, work, 0.0)
                    break
                await self._begin(group, work)
            with anyio.move_on_after(_LOOK):
                await self._work.wait()

    def stop(self) -> None:
        """Take no more work."""
        self._stopped = True
        self._work.set()

    async def finish(self, grace: float) -> int:
        """Wait for what is under way; then interrupt it, and return how much that was.

        Interrupted runs go on from where they were, here or on another server.
        """
        with anyio.move_on_after(grace):
            await self._idle.wait()
        self._cut = True
        left = self._health.running
        for scope in self._scopes:
            scope.cancel()
        await self._idle.wait()
        return left

    # One piece

    async def _begin(self, group: TaskGroup, work: Work) -> None:
        self._health.running += 1
        if self._idle.is_set():
            self._idle = anyio.Event()
        try:
            row = await anyio.to_thread.run_sync(self._row, work.run)
            begun = row is not None and next(iter(self._log.read(work.run, limit=1)), None)
            if _is_over(work, row, bool(begun)):
                await self._settle(self._backlog.done, work)
                self._free()
                return
            fits = self._bench(work, row if begun else None)
            own = Bench()
            if fits is None:
                await group.start(own.keep, self._make)
            (fits or own).start(self._perform, work, fits or own, bool(begun), fits is None)
        except (CirandaError, OSError) as error:
            self._lines.error("put off", run=work.run, why=str(error))
            await self._settle(self._backlog.give_back, work, _PAUSE)
            self._free()

    async def _perform(self, work: Work, bench: Bench, begun: bool, alone: bool) -> None:
        since = self._steady()
        settled = False
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            if self._cut:
                scope.cancel()
            try:
                await self._run(work, bench, begun)
                settled = True
            finally:
                self._scopes.discard(scope)
                with anyio.CancelScope(shield=True):
                    if not settled:  # it was interrupted
                        await self._settle(self._backlog.give_back, work, 0.0)
                    if alone:
                        bench.retire()
                    took = self._steady() - since
                    self._mean += (took - self._mean) / 8
                    self._free()

    async def _run(self, work: Work, bench: Bench, begun: bool) -> None:
        engine = bench.engine
        try:
            if begun:
                result = await engine.resume(work.run, park=True)
            else:
                flow = self._roster.flows.get(work.flow)
                if flow is None:  # its file went away since it was taken
                    await self._settle(self._backlog.give_back, work, _PAUSE)
                    return
                result = await engine.run(
                    flow.checked,
                    inputs=work.inputs,
                    run_id=work.run,
                    base=Path(flow.file).parent,
                    park=True,
                )
        except LeaseLostError as error:
            await self._settle(self._backlog.give_back, work, _PAUSE)
            self._lines.warning("elsewhere", run=work.run, why=str(error))
        except StoreError as error:
            self._lines.error("put off", run=work.run, why=str(error))
            await self._settle(self._backlog.give_back, work, _PAUSE)
        except Exception as error:
            # It would fail again; the run stays as it is for a person to look at.
            known = isinstance(error, CirandaError)
            why = str(error) if known else f"{type(error).__name__}: {error}"
            self._lines.error("not run", run=work.run, flow=work.flow, why=why)
            self._health.count("runs", "refused")
            if begun:  # it may wait for what somebody has to mend
                await self._settle(self._backlog.give_back, work, _MENDING)
            else:
                await self._settle(self._backlog.done, work)
        else:
            self._health.count("runs", result.status)
            tell = self._lines.info if result.status != "failed" else self._lines.warning
            tell(result.status, run=work.run, seconds=round(result.duration, 3))
            await self._settle(self._backlog.done, work)

    def _bench(self, work: Work, row: RunRow | None) -> Bench | None:
        """Return the bench whose flow a run is of, as it was when it began."""
        file = work.flow or (row.file if row is not None else "")
        flow = self._roster.flows.get(file)
        if flow is None or (row is not None and row.source != flow.digest):
            return None
        return self._roster.bench(file)

    async def _settle(self, how: Callable[..., None], *arguments: object) -> None:
        try:
            await anyio.to_thread.run_sync(how, *arguments)
        except StoreError as error:  # its server is taken for dead some time; then it is seen to
            self._lines.error("not noted", why=str(error))

    def _row(self, run: str) -> RunRow | None:
        try:
            return self._log.run(run)
        except RunNotFoundError:
            return None

    def _free(self) -> None:
        self._health.running -= 1
        if not self._health.running:
            self._idle.set()
        self._work.set()


def _is_over(work: Work, row: RunRow | None, begun: bool) -> bool:
    """Tell whether there is nothing to do: the run has ended, or has begun and is parked."""
    if row is None or not begun:
        return not work.flow  # what was parked has begun; without a record nobody can go on
    return row.status in _ENDED or (bool(work.flow) and row.status == _PARKED)
