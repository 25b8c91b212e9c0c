"""One process at a time has the keys of a cluster at work; others wait for their turn."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from ciranda.errors import StoreError
from ciranda_consensus.cluster.found import TooLateError

__all__ = ["locked"]

_FIRST: Final = 0.01  # seconds between two tries
_MOST: Final = 0.2


@asynccontextmanager
async def locked(path: Path, patience: float) -> AsyncIterator[None]:
    """Hold a file locked.

    Args:
        path: The file, made if it is missing.
        patience: Seconds to wait for others.

    Raises:
        TooLateError: Another process holds it for longer.
        StoreError: It cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        with anyio.move_on_after(patience) as scope:
            wait = _FIRST
            while not _taken(file):
                await anyio.sleep(wait)
                wait = min(2 * wait, _MOST)
        if scope.cancelled_caught:
            raise TooLateError(
                f"another process has used the validators of {path.parent} for {patience:g} s: "
                "wait until it is done, or name another number of validators"
            )
        yield
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
