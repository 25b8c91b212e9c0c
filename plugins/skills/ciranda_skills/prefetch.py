"""Zygotes made ready ahead of need: those asked for, and those of what is likely to run next."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, final

import anyio

from ciranda.errors import CirandaError

from .running import Ran
from .successors import Successors

__all__ = ["Prefetch"]

_QUEUE: Final = 8
_QUIET: Final = 1.0


@final
class Prefetch:
    """Preloads one skill at a time, in the background, while nobody has to wait for a slot.

    Counts, by name: `prefetched` zygotes that it started, of which `prefetch_hits` were found by
    the next run of that skill; `prefetch_misses`, runs that found no zygote; `prefetch_cancelled`
    and `prefetch_dropped`, wishes given up under load or for want of room; `prefetch_failed`.

    Args:
        preload: Has a skill's zygote ready; returns whether it was not before.
        successors: What follows what.
        count: Adds to a counter.
        queue: Wishes that may wait.
        quiet: Seconds without anybody waiting for a slot before the next one.
        clock: Seconds.
    """

    def __init__(
        self,
        preload: Callable[[str], Awaitable[bool]],
        successors: Successors,
        count: Callable[[str], None],
        *,
        queue: int = _QUEUE,
        quiet: float = _QUIET,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._preload: Final = preload
        self._successors: Final = successors
        self._count: Final = count
        self._most: Final = queue
        self._quiet: Final = quiet
        self._clock: Final = clock
        self._queue: deque[str] = deque()
        self._made: set[str] = set()  # started here, and not run since
        self._crowded_at = -math.inf
        self._wake = anyio.Event()
        self._scope: anyio.CancelScope | None = None

    def ran(self, ran: Ran, stream: str = "") -> None:
        """Learn from a run that has ended, and wish for what is likely to follow."""
        if ran.found == "cold":
            self._count("prefetch_misses")
        elif ran.found == "ready" and ran.skill in self._made:
            self._count("prefetch_hits")
        if ran.found:
            self._made.discard(ran.skill)
        self._successors.note(ran.skill, stream)
        self.want(name for name, _ in self._successors.likely(ran.skill) if name != ran.skill)

    def want(self, names: Iterable[str]) -> None:
        """Wish for skills to be ready; beyond the bound they are dropped and counted."""
        for name in names:
            if name in self._queue or name in self._made:
                continue
            if len(self._queue) >= self._most:
                self._count("prefetch_dropped")
                continue
            self._queue.append(name)
        if self._queue:
            self._wake.set()

    def crowded(self) -> None:
        """Give up what is under way and what waits: somebody has to wait for a slot."""
        self._crowded_at = self._clock()
        for _ in range(len(self._queue)):
            self._queue.popleft()
            self._count("prefetch_cancelled")
        if self._scope is not None:
            self._scope.cancel()

    async def serve(self) -> None:
        """Preload what is wished for, for ever."""
        while True:
            if not self._queue:
                self._wake = anyio.Event()
                await self._wake.wait()
            left = self._crowded_at + self._quiet - self._clock()
            if left > 0:
                await anyio.sleep(left)
            elif self._queue:
                await self._one(self._queue.popleft())

    async def _one(self, name: str) -> None:
        with anyio.CancelScope() as self._scope:
            try:
                if await self._preload(name):
                    self._made.add(name)
                    self._count("prefetched")
            except CirandaError:
                self._count("prefetch_failed")  # its run will say why
        if self._scope.cancelled_caught:
            self._count("prefetch_cancelled")
        self._scope = None
