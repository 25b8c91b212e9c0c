"""What a pool counts."""

from dataclasses import dataclass
from typing import final

__all__ = ["PoolStats"]


@final
@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counts of one pool; the first five describe now, the rest since it opened."""

    size: int
    alive: int
    idle: int
    busy: int
    queued: int
    calls: int
    failed: int
    started: int
    lost: int
    recycled: int
