"""What breaking the rules costs: parts of the stake, once for each offence."""

from __future__ import annotations

from enum import Enum
from typing import Final

from .book import Active, Balance, Book, EntryError, Leaving, Place
from .records import SLASHED, offence_key

__all__ = ["Offence", "slash"]

_WHOLE: Final = 100


class Offence(Enum):
    """What costs how much, in hundredths of a stake."""

    INVALID_VERIFICATION = 5
    DOUBLE_SIGNING = 20
    OFFLINE = 0  # who is away earns nothing, and loses nothing


def slash(book: Book, owner: bytes, offence: Offence, digest: bytes) -> int:
    """Take what an offence costs from a stake, also from what is leaving it; return how much.

    Args:
        book: Of the state.
        owner: Whose stake.
        offence: What it is.
        digest: Names this very offence.

    Raises:
        EntryError: It was punished before, or nothing is left to take.
    """
    if offence.value == 0:
        return 0
    if book.get(offence_key(digest)) is not None:
        raise EntryError("the offence was punished before")
    stake = book.stake(owner)
    # At least one unit, for otherwise those with little could do it again and again.
    left = amount = max(1, stake.total * offence.value // _WHOLE)
    if stake.total == 0:
        raise EntryError("there is no stake to take anything from")
    places: list[tuple[Place, int]] = [(Active(owner), stake.active)]
    places += [(Leaving(owner, until), has) for until, has in stake.leaving]
    for place, has in places:
        if taken := min(has, left):
            book.move(taken, place, Balance(SLASHED))
            left -= taken
    book.put(offence_key(digest), b"")
    return amount
