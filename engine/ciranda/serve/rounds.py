"""What a server looks at again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

import anyio
import anyio.to_thread

from ciranda.errors import StoreError
from ciranda.runs.ungrouped import sentence
from ciranda.serve.backlog import SILENCE, Backlog
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines
from ciranda.serve.roster import Roster
from ciranda.store import Log

__all__ = ["Upkeep", "every"]

_FORGET: Final = 3600.0
_TIMES: Final = 1.0  # seconds between two looks at the times of parked runs, at the most


async def every(seconds: float, look: Callable[[], Awaitable[None]], lines: Lines) -> NoReturn:
    """Look at something again and again; a look that fails is told of, and the next may not.

    Args:
        seconds: Between two looks.
        look: What is done; whatever it raises, the server goes on.
        lines: Where failures are told of, once as long as they stay the same.
    """
    last = ""
    while True:
        try:
            await look()
            last = ""
        except Exception as error:  # one look is no reason to end
            why = sentence(error)
            if why != last:
                last = why
                lines.error("look failed", why=why)
        await anyio.sleep(seconds)


@dataclass(slots=True)
class Seen:
    """What the last look at parked runs saw: the store's version, and the time."""

    version: int = -1
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """A server's own looks: at itself, at other servers, at parked runs, at its files.

    Args:
        backlog: The work of all servers.
        log: Where runs are parked.
        roster: The files.
        health: Is told whether the store can be written.
        lines: Tells.
        wake: Called when there is work.
        wall: The clock, in unix seconds.
        seen: When parked runs were looked at last.
    """

    backlog: Backlog
    log: Log
    roster: Roster
    health: Health
    lines: Lines
    wake: Callable[[], None]
    wall: Callable[[], float]
    seen: Seen = field(default_factory=Seen)

    async def beat(self) -> None:
        """Say that this server lives."""
        try:
            known = await anyio.to_thread.run_sync(self.backlog.beat)
        except StoreError:
            self.health.failing = True
            raise
        self.health.failing = False
        if not known:
            self.lines.warning("taken for dead", then="registered anew")

    async def bury(self) -> None:
        """Free what dead servers held."""
        freed = await anyio.to_thread.run_sync(self.backlog.bury)
        for run in freed:
            self.lines.warning("taken over", run=run, why="its server is gone")
        if freed:
            self.wake()

    async def revive(self) -> None:
        """Go on with parked runs whose time has come, or that have got a message.

        Messages are looked for when something was written, times once a second.
        """
        version, now = self.log.data_version(), self.wall()
        if version == self.seen.version and 0 <= now - self.seen.at < _TIMES:
            return
        self.seen.version, self.seen.at = version, now
        due = await anyio.to_thread.run_sync(self.log.due, self.wall())
        if not due:
            return
        revived = await anyio.to_thread.run_sync(self.backlog.revive, due)
        if revived:
            self.wake()

    async def forget(self) -> None:
        """Drop what need not be known any more."""
        await anyio.to_thread.run_sync(self.backlog.forget)

    async def renew(self) -> None:
        """Read files again that changed."""
        if await self.roster.renew():
            self.wake()

    @property
    def looks(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        """Each look with the seconds between two of them."""
        return [
            (SILENCE / 3, self.beat),
            (2.0, self.bury),
            (0.05, self.revive),
            (2.0, self.renew),
            (_FORGET, self.forget),
        ]
