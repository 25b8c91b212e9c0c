"""Who stops the run of a plan when its time is over, or when nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, final

import anyio
import anyio.lowlevel

from ciranda import Engine, RunResult

__all__ = ["OVER", "Keeper"]

OVER: Final = "the plan's time"  # how the reason begins when its time was over


@final
class Keeper:
    """Stops one run in order: it records how it ended, and can be gone on with.

    Args:
        engine: Whose run.
        run: Its id.
        seconds: How long it may take from its first event.

    Attributes:
        over: Whether its time was over.
    """

    def __init__(self, engine: Engine, run: str, seconds: float) -> None:
        self._engine: Final = engine
        self._run: Final = run
        self._seconds: Final = seconds
        self._begun: Final = anyio.Event()
        self._unwanted = ""  # why
        self._ended = False
        self.over = False

    def begin(self) -> None:
        """Note that the run has begun: its time counts from here."""
        self._begun.set()
        if self._unwanted:
            self._engine.cancel(self._unwanted, run=self._run)

    async def keep(self, work: Callable[[], Awaitable[RunResult]]) -> RunResult:
        """Wait for a run; whoever is cancelled here waits until it has stopped.

        Raises:
            Exception: Whatever the run raises.
        """
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch)
            with anyio.CancelScope(shield=True):
                try:
                    result = await work()
                except Exception as error:  # a task group would wrap it
                    failure = error
            self._ended = True
            group.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint_if_cancelled()
        if failure is not None:
            raise failure
        return result

    async def _watch(self) -> None:
        try:
            await self._begun.wait()
            await anyio.sleep(self._seconds)
            self.over = True
            self._stop(f"{OVER} of {self._seconds:g}s is over")
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            if not self._ended:
                self._stop("whoever waited for the plan has left")
            raise

    def _stop(self, reason: str) -> None:
        self._unwanted = reason
        self._engine.cancel(reason, run=self._run)
