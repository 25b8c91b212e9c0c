"""Messages that wait to be sent to one peer; what does not fit is lost, as on any network."""

from __future__ import annotations

from collections import deque
from typing import Final, final

import anyio

__all__ = ["Outbox"]

KEPT: Final = 64  # messages for a peer that is not there: the newest, in case it comes back
AT_ONCE: Final = 256 << 10  # bytes that one write has, about


@final
class Outbox:
    """A queue that never makes its filler wait.

    Args:
        most: Bytes that may wait.

    Attributes:
        lost: Messages that did not fit.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._waiting: Final[deque[bytes]] = deque()
        self._size = 0
        self._there = False
        self._some = anyio.Event()
        self.lost = 0

    def put(self, message: bytes) -> None:
        """Add a message, or lose one."""
        if self._size + len(message) > self._most:
            self.lost += 1
            return
        self._waiting.append(message)
        self._size += len(message)
        if not self._there:
            self._trim()
        self._some.set()

    def open(self) -> None:
        """Begin to send: the peer is there."""
        self._there = True

    def close(self) -> None:
        """Keep the newest messages only: the peer is gone."""
        self._there = False
        self._trim()

    def _trim(self) -> None:
        while len(self._waiting) > KEPT:
            self._size -= len(self._waiting.popleft())
            self.lost += 1

    async def take(self) -> list[bytes]:
        """Return messages to send at once; wait while there are none."""
        while not self._waiting:
            self._some = anyio.Event()
            await self._some.wait()
        found: list[bytes] = []
        size = 0
        while self._waiting and (not found or size + len(self._waiting[0]) <= AT_ONCE):
            found.append(self._waiting.popleft())
            size += len(found[-1])
        self._size -= size
        return found
