"""What verifying earns: a pot for each block, shared by work to the last unit."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .book import Balance, Book
from .records import SCHEDULE

__all__ = ["Schedule", "pay", "shares"]


class Schedule(msgspec.Struct, frozen=True):
    """How much is issued: `pot` units a block in which a proof was verified, half as much every
    `halving` blocks, and never more than the account of the schedule still has.
    """  # noqa: D205  (one sentence)

    pot: int = 50
    halving: int = 1_000_000

    def at(self, height: int) -> int:
        """Return the pot at a height."""
        return self.pot >> height // self.halving


def shares(pot: int, weights: Mapping[bytes, int]) -> dict[bytes, int]:
    """Return a pot shared by weights, exactly: the shares are whole and add up to the pot.

    Each gets its share rounded down; what is left goes, one each, to those with the largest
    remainders, of equal ones to the lower key. Nothing is shared where nothing weighs.
    """
    total = sum(weights.values())
    if pot <= 0 or total <= 0:
        return {}
    found = {key: pot * weight // total for key, weight in weights.items()}
    left = pot - sum(found.values())
    by_rest = sorted(weights, key=lambda key: (-(pot * weights[key] % total), key))
    for key in by_rest[:left]:
        found[key] += 1
    return found


def pay(book: Book, schedule: Schedule, height: int, work: Mapping[bytes, int]) -> dict[bytes, int]:
    """Pay those who did work in a block out of the schedule's account; return what each got."""
    pot = min(schedule.at(height), book.account(SCHEDULE).balance)
    found = {owner: share for owner, share in shares(pot, work).items() if share}
    for owner, share in sorted(found.items()):
        book.move(share, Balance(SCHEDULE), Balance(owner))
    return found
