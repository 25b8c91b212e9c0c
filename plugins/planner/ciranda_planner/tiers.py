"""How many workers a plan gets that does not say: a table of tiers and modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from .plan import RateLimit

__all__ = ["TIERS", "Mode", "Tier"]

_MINUTE: Final = 60.0


@final
class Mode(StrEnum):
    """How much of what a tier allows a plan may use."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"

    @property
    def share(self) -> float:
        """The share of the limit."""
        return {"conservative": 0.75, "balanced": 0.85, "aggressive": 0.95}[self.value]


@final
@dataclass(frozen=True, slots=True)
class Tier:
    """What an account may ask for in a minute, and the workers that suit it in each mode."""

    requests: int
    input_tokens: int
    output_tokens: int
    workers: Mapping[Mode, int]

    def rate_limit(self, mode: Mode) -> RateLimit:
        """Return the share of the limit that a plan may use."""
        requests, read, written = (
            int(units * mode.share)
            for units in (self.requests, self.input_tokens, self.output_tokens)
        )
        return RateLimit(_MINUTE, requests, read, written)


def _workers(conservative: int, balanced: int, aggressive: int) -> dict[Mode, int]:
    return dict(zip(Mode, (conservative, balanced, aggressive), strict=True))


TIERS: Final[Mapping[int, Tier]] = {
    1: Tier(50, 30_000, 8_000, _workers(3, 4, 5)),
    2: Tier(1_000, 450_000, 90_000, _workers(10, 15, 20)),
    3: Tier(2_000, 800_000, 160_000, _workers(15, 20, 30)),
    4: Tier(4_000, 2_000_000, 400_000, _workers(20, 30, 40)),
}
