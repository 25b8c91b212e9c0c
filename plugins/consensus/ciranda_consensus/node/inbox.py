"""Messages that wait for the replica: so many of each peer, and every peer in its turn."""

from __future__ import annotations

from collections import deque
from typing import Final, final

import anyio

from ciranda_consensus.protocol.messages import Input, Message, Receive

__all__ = ["Inbox"]

SMALLEST: Final = 256  # bytes that even an empty message counts for: it takes memory too


@final
class Inbox:
    """A queue for each peer, and one for what the node itself wants.

    A peer whose queue is full is not read from until there is room: it feels that itself, and
    nobody else does.

    Args:
        peers: How many there are.
        most: Bytes of one peer's messages that may wait.
    """

    def __init__(self, peers: int, most: int) -> None:
        self._most: Final = most
        self._queues: Final[list[deque[tuple[Message, int]]]] = [deque() for _ in range(peers)]
        self._sizes: Final = [0] * peers
        self._own: Final[deque[Input]] = deque()
        self._some = anyio.Event()
        self._room = anyio.Event()
        self._next = 0

    async def put(self, sender: int, message: Message, size: int) -> None:
        """Add a message of a peer; wait while too much of the same peer waits already."""
        size += SMALLEST
        while self._sizes[sender] and self._sizes[sender] + size > self._most:
            await self._room.wait()
        self._queues[sender].append((message, size))
        self._sizes[sender] += size
        self._some.set()

    def push(self, what: Input) -> None:
        """Add what the node itself wants; it comes first."""
        self._own.append(what)
        self._some.set()

    @property
    def own(self) -> int:
        """How much of what the node itself wants waits."""
        return len(self._own)

    async def take(self, most: int) -> list[Input]:
        """Return up to so many inputs, some of each peer; wait while there are none."""
        while not (found := self._some_of_each(most)):
            self._some = anyio.Event()
            await self._some.wait()
        return found

    def _some_of_each(self, most: int) -> list[Input]:
        found: list[Input] = []
        while self._own and len(found) < most:
            found.append(self._own.popleft())
        waiting = [
            seat
            for turn in range(len(self._queues))
            if self._queues[seat := (self._next + turn) % len(self._queues)]
        ]
        while waiting and len(found) < most:
            for seat in waiting:
                if len(found) == most:
                    break
                message, size = self._queues[seat].popleft()
                self._sizes[seat] -= size
                found.append(Receive(seat, message))
                self._next = (seat + 1) % len(self._queues)
            waiting = [seat for seat in waiting if self._queues[seat]]
        if found:
            self._room.set()
            self._room = anyio.Event()
        return found
