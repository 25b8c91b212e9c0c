"""What of a validator outlives its crash."""

from __future__ import annotations

from typing import Final, final

from ciranda_consensus.protocol import Block, Certificate, TimeoutCertificate
from ciranda_consensus.protocol.messages import Committed, Persist, Promise

__all__ = ["Disk"]


@final
class Disk:
    """A disk: a promise is durable at once; agreed blocks only with the next promise.

    Attributes:
        promise: The last one that was kept.
        tip: The last agreed block that is durable.
        excuses: The timeout certificates that allowed blocks it voted for, by their digests.
        highs: The highest certificates that it knew, by their views.
    """

    __slots__ = ("_blocks", "_fresh", "excuses", "highs", "promise", "tip")

    def __init__(self, tip: Committed) -> None:
        self.promise: Promise | None = None
        self.tip = tip
        self._blocks: dict[bytes, Block] = {}
        self._fresh: Final[list[Committed]] = []
        self.excuses: Final[dict[bytes, TimeoutCertificate]] = {}
        self.highs: Final[dict[int, Certificate]] = {}

    def persist(self, what: Persist) -> None:
        """Make a promise durable, and with it all that was written before."""
        self.promise = what.promise
        self.highs[what.promise.high.view] = what.promise.high
        for block in what.blocks:
            self._blocks[block.hash] = block
        if what.excuse is not None:
            self.excuses[what.excuse.digest()] = what.excuse
        if self._fresh:
            self._settle(len(self._fresh))

    def commit(self, what: Committed) -> None:
        """Write an agreed block, not yet durable."""
        self._fresh.append(what)

    def crash(self, keeps: int) -> None:
        """Lose what is not durable but for the first few writes."""
        self._settle(keeps)
        self._fresh.clear()

    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks above the tip, parents first."""
        height = self.tip.block.header.height
        found = [one for one in self._blocks.values() if one.header.height > height]
        return tuple(sorted(found, key=lambda one: one.header.height))

    def _settle(self, count: int) -> None:
        if count and self._fresh:
            self.tip = self._fresh[min(count, len(self._fresh)) - 1]
            del self._fresh[:count]
