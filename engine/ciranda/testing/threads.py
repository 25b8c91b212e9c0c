"""Which worker threads are at work: while one is, virtual time stands still."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["in_asyncio_thread", "in_trio_thread"]


def in_asyncio_thread(loop: object) -> bool:
    """Say whether a function that a loop handed to `anyio.to_thread` has not ended.

    A worker counts as idle once the loop has taken its result. Those that another loop left
    behind, at work for ever maybe, are nobody's to wait for.
    """
    return any(
        getattr(thread, "loop", None) is loop
        and hasattr(thread, "idle_workers")
        and thread not in thread.idle_workers
        for thread in threading.enumerate()
    )


def in_trio_thread() -> frozenset[int]:
    """Return the threads of trio's whose function has not ended, by their identity."""
    frames = sys._current_frames()  # noqa: SLF001  (documented, CPython's)
    return frozenset(
        thread.ident
        for thread in threading.enumerate()
        if thread.ident in frames
        and thread is not threading.current_thread()
        and _at_work(thread.name, frames[thread.ident])
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
