"""The monotone fit with the least squared error, by pooling adjacent violators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Block", "pool"]


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbours that get one value: the mean of their targets.

    Args:
        low: The smallest x of them.
        high: The largest.
        total: Sum of the targets.
        count: How many.
    """

    low: float
    high: float
    total: float
    count: int

    @property
    def value(self) -> float:
        """The value that all of them get."""
        return self.total / self.count


def pool(points: Sequence[tuple[float, float]]) -> list[Block]:
    """Return the blocks of the nondecreasing function with the least squared error.

    It is the only such function: equal x get equal values, and n points take n log n steps.

    Args:
        points: Pairs of x and target, in any order.
    """
    blocks: list[Block] = []
    for x, target in sorted(points):
        if blocks and blocks[-1].high == x and blocks[-1].low == x:
            blocks[-1] = _joined(blocks[-1], Block(x, x, target, 1))
        else:
            blocks.append(Block(x, x, target, 1))
    pooled: list[Block] = []
    for each in blocks:
        block = each
        # Compared without a division, so that equal means are equal.
        while pooled and pooled[-1].total * block.count >= block.total * pooled[-1].count:
            block = _joined(pooled.pop(), block)
        pooled.append(block)
    return pooled


def _joined(first: Block, second: Block) -> Block:
    return Block(first.low, second.high, first.total + second.total, first.count + second.count)
