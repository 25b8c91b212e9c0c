"""Which worker threads are at work: while one is, virtual time stands still."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["in_asyncio_thread", "in_trio_thread"]


def in_asyncio_thread() -> bool:
    """Say whether a function that was handed to `anyio.to_thread` on asyncio has not ended.

    A worker counts as idle once the loop has taken its result.
    """
    return any(
        hasattr(thread, "idle_workers") and thread not in thread.idle_workers
        for thread in threading.enumerate()
    )


def in_trio_thread() -> bool:
    """Say whether a function that was handed to a thread of trio's has not ended."""
    frames = sys._current_frames()  # noqa: SLF001  (documented, CPython's)
    return any(
        _at_work(thread.name, frames[thread.ident])
        for thread in threading.enumerate()
        if thread.ident in frames and thread is not threading.current_thread()
    )


def _at_work(name: str, innermost: FrameType) -> bool:
    waiting = False
    for frame in _outwards(innermost):
        if frame.f_code.co_name == "_handle_job":
            return True
        if frame.f_code.co_name == "_work":
            waiting = getattr(frame.f_locals.get("self"), "_job", None) is None
    # A thread of this name that does not wait for a job was handed one just now.
    return name.startswith("Trio thread") and not waiting


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
