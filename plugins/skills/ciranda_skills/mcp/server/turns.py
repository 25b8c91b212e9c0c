"""How many calls go on at a time, and when the last has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, final

import anyio

__all__ = ["CrowdedError", "Turns"]


class CrowdedError(Exception):
    """So many calls wait already that one more is refused."""


@final
class Turns:
    """Lets so many calls through at a time; others wait in turn.

    Args:
        at_a_time: How many.
        waiting: How many may wait.
    """

    def __init__(self, at_a_time: int, waiting: int) -> None:
        self._slots: Final = anyio.Semaphore(at_a_time, fast_acquire=True)
        self._waiting: Final = waiting
        self._going_on = 0
        self._closed = False
        self._ended = anyio.Event()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and take it.

        Raises:
            CrowdedError: Too many wait, or no more are taken.
        """
        if self._closed:
            raise CrowdedError("the server is ending")
        if self._slots.statistics().tasks_waiting >= self._waiting:
            raise CrowdedError(f"{self._waiting} calls are waiting already: try again later")
        self._going_on += 1
        try:
            async with self._slots:
                yield
        finally:
            self._going_on -= 1
            if not self._going_on:
                self._ended.set()

    async def ended(self) -> None:
        """Take no more, and wait until those that were taken have ended."""
        self._closed = True
        if self._going_on:
            self._ended = anyio.Event()
            await self._ended.wait()
