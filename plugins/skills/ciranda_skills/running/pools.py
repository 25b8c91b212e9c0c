"""Pools of worker processes by what they are made for; the least recently used go first."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import final

import anyio
import anyio.abc
import anyio.to_thread

from ciranda.executors.pool import Pool, Stems

__all__ = ["Lease", "Pools"]


@dataclass(eq=False, slots=True)
class _Kept:
    pool: Pool
    users: int = 0
    leaving: bool = False
    open: anyio.Event = field(default_factory=anyio.Event)
    stop: anyio.Event = field(default_factory=anyio.Event)

    def leave(self) -> None:
        """Close the pool as soon as nobody uses it."""
        self.leaving = True
        if not self.users:
            self.stop.set()


@final
class Lease:
    """Holds one pool open, as a context manager that gives it."""

    __slots__ = ("_kept",)

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    async def __aenter__(self) -> Pool:
        try:
            if not self._kept.open.is_set():
                await self._kept.open.wait()
        except BaseException:
            self._return()
            raise
        return self._kept.pool

    async def __aexit__(self, *_: object) -> None:
        self._return()

    def _return(self) -> None:
        self._kept.users -= 1
        if self._kept.leaving and not self._kept.users:
            self._kept.stop.set()


@final
class Pools:
    """Keeps at most so many pools open.

    Args:
        tasks: Where each pool lives, in a task of its own.
        most: How many; more are open while they are in use.

    Attributes:
        stems: For the pools that are made.
    """

    def __init__(self, tasks: anyio.abc.TaskGroup, most: int) -> None:
        self._tasks = tasks
        self._most = most
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._alive: set[_Kept] = set()  # those that are leaving too
        self._ended: Counter[str] = Counter()
        self._serving = anyio.CancelScope()
        self.stems = Stems()
        tasks.start_soon(self._serve)

    async def _serve(self) -> None:
        with self._serving:
            await self.stems.serve()

    @property
    def open(self) -> tuple[Pool, ...]:
        """The pools, the one used last at the end."""
        return tuple(kept.pool for kept in self._kept.values())

    @property
    def counts(self) -> Counter[str]:
        """Processes `started` and `restarts`, pools that went for want of room as `evictions`."""
        return sum((_counted(kept.pool) for kept in self._alive), self._ended.copy())

    def lease(self, key: Hashable, make: Callable[[], Pool]) -> Lease:
        """Hold the pool of a key, which is made when there is none.

        Args:
            key: What it is for.
            make: Makes it.
        """
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(make())
            self._alive.add(kept)
            self._tasks.start_soon(self._keep, kept)
        self._kept.move_to_end(key)
        kept.users += 1
        self._evict()
        return Lease(kept)

    async def _keep(self, kept: _Kept) -> None:
        try:
            async with kept.pool:
                kept.open.set()
                await kept.stop.wait()
        finally:
            self._alive.discard(kept)
            self._ended += _counted(kept.pool)

    def _evict(self) -> None:
        while len(self._kept) > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._ended["evictions"] += 1
            oldest.leave()

    def drop(self, chosen: Callable[[Hashable], bool]) -> None:
        """Close the pools whose keys are chosen, each when nobody uses it any more."""
        for key in [key for key in self._kept if chosen(key)]:
            self._kept.pop(key).leave()

    def close(self) -> None:
        """Close all of them as they fall idle."""
        self._serving.cancel()
        self.drop(lambda _: True)

    async def end(self) -> None:
        """End what waits for a pool that never came; only when all are closed."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stems.close)


def _counted(pool: Pool) -> Counter[str]:
    stats = pool.stats
    return Counter(started=stats.started, restarts=stats.lost + stats.recycled)
