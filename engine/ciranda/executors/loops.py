"""The running event loop, as other threads may reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["backend", "from_any_thread"]


def backend() -> str:
    """Return which of anyio's backends runs."""
    return "asyncio" if _of_asyncio() is not None else "trio"


def from_any_thread() -> Callable[[Callable[[], None]], object]:
    """Return what has the running loop call something soon, from any thread.

    It does not wait, and raises RuntimeError once the loop is gone.
    """
    loop = _of_asyncio()
    if loop is not None:
        return loop.call_soon_threadsafe
    import trio

    return trio.lowlevel.current_trio_token().run_sync_soon


def _of_asyncio() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
