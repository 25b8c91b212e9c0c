"""What a run reads on stdin: a file without a name, so that nobody has to feed it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio.to_thread

__all__ = ["given"]

_MUCH: Final = 1 << 20  # bytes that are not written in passing


@asynccontextmanager
async def given(data: bytes | None) -> AsyncIterator[int | None]:
    """Hold a descriptor that gives these bytes and then ends; None for no bytes at all."""
    if data is None:
        yield None
        return
    fd = await anyio.to_thread.run_sync(_filled, data) if len(data) > _MUCH else _filled(data)
    try:
        yield fd
    finally:
        os.close(fd)


def _filled(data: bytes) -> int:
    fd = _nameless()
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _nameless() -> int:
    if sys.platform == "linux":
        return os.memfd_create("stdin")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
