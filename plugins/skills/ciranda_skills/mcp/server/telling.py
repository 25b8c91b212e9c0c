"""Progress of a run, told to a client that asked for it: the latest news, never a backlog."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, final

import anyio

from ...running import Chunk, Listener, Progressed, Started, Written

__all__ = ["Report", "telling"]

Report = Callable[[float, float | None, str | None], Awaitable[None]]
_SHOWN: Final = 200  # characters of the last line


@asynccontextmanager
async def telling(report: Report | None) -> AsyncIterator[Listener | None]:
    """Report what the listener hears while the block goes on; None reports nothing.

    Args:
        report: Sends how far it is (a number that grows), of how much, and a line.
    """
    if report is None:
        yield None
        return
    news = _News()
    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(news.send, report)
        try:
            yield news.hear
            await news.send_last(report)
        except Exception as error:
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed  # as it is, not in a group


@final
class _News:
    def __init__(self) -> None:
        self._count = 0
        self._line = ""
        self._heard = anyio.Event()

    def hear(self, chunk: Chunk) -> None:
        if isinstance(chunk, Started):
            self._line = f"{chunk.script} has begun"
        elif isinstance(chunk, Progressed):
            of = f" of {chunk.total:g}" if chunk.total else ""
            self._line = (chunk.text or f"{chunk.progress:g}{of}")[-_SHOWN:]
        elif isinstance(chunk, Written):
            self._line = chunk.text.strip().rpartition("\n")[2][-_SHOWN:]
        else:
            return  # the result says so
        self._count += 1
        self._heard.set()

    async def send(self, report: Report) -> None:
        while True:
            await self._heard.wait()
            await self.send_last(report)

    async def send_last(self, report: Report) -> None:
        """Report what was heard and not reported."""
        if self._heard.is_set():
            self._heard = anyio.Event()
            await report(float(self._count), None, self._line)
