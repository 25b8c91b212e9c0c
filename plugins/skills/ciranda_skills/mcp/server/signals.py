"""SIGINT and SIGTERM end a server as it should end."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

__all__ = ["until_signalled"]


@asynccontextmanager
async def until_signalled() -> AsyncIterator[anyio.Event]:
    """Set an event when a signal asks this process to end; outside of the main thread never."""
    told = anyio.Event()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
            async for _ in received:
                told.set()

    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        try:
            yield told
        except Exception as error:
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed  # as it is, not in a group
