"""The items of one map, kept in a few bytes each."""

from __future__ import annotations

from collections import deque

from ciranda.runs.status import PENDING, READY, RUNNING, Status

__all__ = ["Items"]


class Items:
    """Where each item of a map stands.

    The status takes a byte an item; attempts are kept only where they differ from one, so a map
    over 100,000 items costs 100 KB here.
    """

    __slots__ = (
        "attempts",
        "failed",
        "next",
        "open",
        "resumed",
        "running",
        "statuses",
        "stopped",
        "winner",
        "won",
    )

    def __init__(self, count: int) -> None:
        self.statuses = bytearray([PENDING]) * count
        self.next = 0  # first item that was never admitted
        self.open = count  # items that have not ended
        self.running = 0  # items that hold one of the map's places
        self.resumed: deque[int] = deque()  # items to be begun again, before new ones
        self.attempts: dict[int, int] = {}
        self.failed = 0  # failures that nobody tolerates
        self.stopped = ""  # why no more items are admitted
        self.won = 0  # successes, where a number of them is enough
        self.winner = -1  # the first of these

    def grow(self) -> None:
        """Add an item: the next turn of a loop."""
        self.statuses.append(PENDING)
        self.open += 1

    def admit(self, width: int) -> list[int]:
        """Take the items that may begin now, first those that were begun before."""
        taken: list[int] = []
        count = len(self.statuses)
        while not self.stopped and self.running < width:
            if self.resumed:
                item = self.resumed.popleft()
            else:
                while self.next < count and self.statuses[self.next] != PENDING:
                    self.next += 1
                if self.next >= count:
                    break
                item = self.next
                self.next += 1
            self.statuses[item] = READY
            self.running += 1
            taken.append(item)
        return taken

    def settle(self, item: int, status: Status) -> None:
        """Note how an item ended."""
        if self.statuses[item] in (READY, RUNNING):
            self.running -= 1
        self.statuses[item] = status
        self.open -= 1

    def counts(self) -> dict[str, int]:
        """Count the items by status, leaving out statuses without items."""
        found = {status: self.statuses.count(status) for status in Status}
        return {status.word: number for status, number in found.items() if number}
