"""Reading and writing pipes without a thread, so that nobody who waits for one is stuck there."""

from __future__ import annotations

import os
import stat
from typing import Final

import anyio

__all__ = ["read_some", "write_all"]

_MOST: Final = 1 << 16
# A pipe that is ready for writing has room for a page; more than that could block.
_PAGE: Final = 4096


async def read_some(fd: int) -> bytes:
    """Return what there is to read, waiting for it; nothing at the end."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):  # a file is always ready, and cannot be waited for
        await anyio.wait_readable(fd)
    return os.read(fd, _MOST)


async def write_all(fd: int, data: bytes) -> None:
    """Write all of it, waiting for room.

    Raises:
        OSError: Nobody reads any more.
    """
    view = memoryview(data)
    waits = not stat.S_ISREG(os.fstat(fd).st_mode)
    while view:
        if waits:
            await anyio.wait_writable(fd)
        view = view[os.write(fd, view[:_PAGE]) :]
