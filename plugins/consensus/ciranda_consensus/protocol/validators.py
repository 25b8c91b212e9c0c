"""Who decides: the validators of one epoch, their stake, their quorum, and who leads when."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import MOST_NUMBER

__all__ = ["Validator", "ValidatorSet"]

KEY_BYTES: Final = 32
MOST: Final = 20_000
MOST_NAME: Final = 255  # characters
IN_ORDER: Final = 50  # up to so many lead by turns; above, an attacker would know too well who


class Validator(msgspec.Struct, frozen=True):
    """One who votes: its public key, its stake (whole units, above 0) and where it listens."""

    public: bytes
    stake: int
    address: str = ""


class ValidatorSet:
    """The validators of one epoch, in the order that votes and bitmaps speak of.

    Attributes:
        hash: Names this very set: chain, epoch, keys, stakes, order, and terms if there are any.
        quorum: The least stake that is more than two thirds of all. Two quorums share more stake
            than may be faulty, whatever the number of validators.
        faulty: The most stake that may be faulty: just below one third.

    Raises:
        ValueError: There is none, a key twice, a key that is none, no stake, or too many; or the
            chain's name, the epoch or all stakes together are more than a message can hold.
    """

    __slots__ = (
        "_equal",
        "_seats",
        "chain",
        "epoch",
        "faulty",
        "hash",
        "members",
        "prefix",
        "quorum",
        "total",
    )

    def __init__(
        self, chain: str, epoch: int, members: Iterable[Validator], terms: bytes = b""
    ) -> None:
        self.chain: Final = chain
        self.epoch: Final = epoch
        self.members: Final = tuple(members)
        self._seats: Final = {one.public: index for index, one in enumerate(self.members)}
        if not 0 < len(self.members) <= MOST:
            raise ValueError(f"{len(self.members)} validators: there must be 1 to {MOST}")
        if len(self._seats) != len(self.members):
            raise ValueError("two validators have the same key")
        for one in self.members:
            if len(one.public) != KEY_BYTES:
                raise ValueError(
                    f"a key of {len(one.public)} bytes is none: it must have {KEY_BYTES}"
                )
            if one.stake <= 0:
                raise ValueError(f"a stake of {one.stake} is none: it must be above 0")
        self.total: Final = sum(one.stake for one in self.members)
        if len(chain) > MOST_NAME:
            raise ValueError(f"a chain's name has at most {MOST_NAME} characters, not {len(chain)}")
        if not 0 <= epoch <= MOST_NUMBER:
            raise ValueError(f"an epoch is a number from 0 to {MOST_NUMBER}")
        if self.total > MOST_NUMBER:
            raise ValueError(f"all stakes together are above the limit of {MOST_NUMBER}")
        self.quorum: Final = 2 * self.total // 3 + 1
        self.faulty: Final = self.total - self.quorum
        stakes = {one.stake for one in self.members}
        self._equal: Final = stakes.pop() if len(stakes) == 1 else 0
        rows = [[one.public, one.stake] for one in self.members]
        # What else they begin with is bound by the same name: nobody with other terms is one.
        whole = [chain, epoch, rows, terms] if terms else [chain, epoch, rows]
        self.hash: Final = sha256(b"ciranda/set/1" + encode(whole)).digest()
        # What every statement begins with, so that none means anything in another chain or epoch.
        self.prefix: Final = encode([chain, epoch, self.hash])

    def __len__(self) -> int:
        return len(self.members)

    def seat(self, public: bytes) -> int | None:
        """Return the index of a validator; None if it is not one of these."""
        return self._seats.get(public)

    def weight(self, signers: int) -> int:
        """Return the stake of the validators whose bits are set."""
        if self._equal:
            return signers.bit_count() * self._equal
        return sum(one.stake for index, one in enumerate(self.members) if signers >> index & 1)

    def leader(self, view: int) -> int:
        """Return the index of the validator that leads a view.

        Each leads once in as many views as there are validators: by turns when they are few,
        else in an order that is drawn anew for each round.
        """
        count = len(self.members)
        if count <= IN_ORDER:
            return view % count
        return _order(self.hash, count, view // count)[view % count]


@lru_cache(maxsize=64)
def _order(seed: bytes, count: int, turn: int) -> list[int]:
    order = list(range(count))
    random.Random(sha256(seed + turn.to_bytes(8, "big")).digest()).shuffle(order)
    return order
