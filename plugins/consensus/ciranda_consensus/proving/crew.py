"""Worker processes that check signatures, there from the first long list on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, final

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ciranda.executors.pool import Pool, WorkerKind
from ciranda.runs.ungrouped import plainest

from .worker import names_of

__all__ = ["FEW", "Crew"]

FEW: Final = 64  # entries up to which they are checked at once: a worker would take longer
AT_ONCE: Final = 256  # entries that one call has
BYTES: Final = 1 << 20
IDLE: Final = 30.0  # seconds after which a worker that nobody needs ends
_KIND: Final = WorkerKind("consensus-proofs", setup="ciranda_consensus.proving.worker:setup")


@final
class Crew:
    """Names good signatures; see `names_of`.

    Args:
        tasks: Where the processes are looked after.
        size: How many; as many as there are processors by default.
    """

    def __init__(self, tasks: TaskGroup, size: int | None = None) -> None:
        self._tasks: Final = tasks
        self._size: Final = size or len(os.sched_getaffinity(0))
        self._turn: Final = anyio.Lock()
        self._pool: Pool | None = None

    async def names(self, chain: str, entries: Sequence[bytes]) -> list[bytes]:
        """Return, for each entry, what names its good signature; empty for others.

        Raises:
            StepError: A worker was lost.
            PoolError: No worker can start.
        """
        if len(entries) <= FEW:
            return names_of(chain, entries)
        async with self._turn:
            if self._pool is None:
                self._pool = await self._tasks.start(self._host)
        pool, parts = self._pool, _parts(entries)
        found: list[Sequence[bytes]] = [()] * len(parts)

        async def check(at: int) -> None:
            found[at] = await pool.call("names", {"chain": chain, "entries": parts[at]})

        try:
            async with anyio.create_task_group() as tasks:
                for at in range(len(parts)):
                    tasks.start_soon(check, at)
        except BaseExceptionGroup as group:
            raise plainest(group) from None
        return [name for part in found for name in part]

    async def _host(self, *, task_status: TaskStatus[Any]) -> None:
        async with Pool(_KIND, self._size, idle=IDLE) as pool:
            task_status.started(pool)
            await anyio.sleep_forever()


def _parts(entries: Sequence[bytes]) -> list[list[bytes]]:
    found: list[list[bytes]] = []
    size = 0
    for one in entries:
        if not found or len(found[-1]) == AT_ONCE or size + len(one) > BYTES:
            found.append([])
            size = 0
        found[-1].append(one)
        size += len(one)
    return found
