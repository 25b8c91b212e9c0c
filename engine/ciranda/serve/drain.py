"""How a server ends: nothing new, then what is under way, within a time."""

from __future__ import annotations

from typing import Final, final

import anyio

from ciranda.serve.crew import Crew
from ciranda.serve.ears import Ears
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines

__all__ = ["Drain"]


@final
class Drain:
    """Ends a server when it is asked to.

    Args:
        grace: Seconds that runs under way get.
        health: Says so to whoever asks.
        lines: Tells.
    """

    def __init__(self, grace: float, *, health: Health, lines: Lines) -> None:
        self._grace: Final = grace
        self._health: Final = health
        self._lines: Final = lines
        self._asked: Final = anyio.Event()

    def ask(self) -> None:
        """Have the server end; asking again does nothing."""
        self._health.draining = True
        self._asked.set()

    async def wait(self, crew: Crew, ears: Ears) -> None:
        """Wait to be asked, and then for the runs; listeners end before."""
        await self._asked.wait()
        crew.stop()
        ears.stop()
        until = anyio.current_time() + self._grace
        self._lines.info("draining", running=self._health.running, grace=self._grace)
        left = await crew.finish(self._grace)
        await ears.finish(until - anyio.current_time())
        if left:
            self._lines.warning("interrupted", runs=left, then="they go on with the next server")
