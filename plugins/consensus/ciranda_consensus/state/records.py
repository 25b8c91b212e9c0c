"""What a state holds, and under which keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import Fields
from ciranda_consensus.wire import read

__all__ = [
    "MINIMUM_STAKE",
    "SCHEDULE",
    "SLASHED",
    "Account",
    "Kind",
    "Stake",
    "account_key",
    "attested_key",
    "entry_key",
    "offence_key",
    "spent_key",
    "stake_key",
]

MINIMUM_STAKE: Final = 1_000
# The accounts of nobody: their ids are too short for a key, so none can sign for them or pay in.
SCHEDULE: Final = b"schedule"
SLASHED: Final = b"slashed"
_MOST_KIND: Final = 16
_MOST_LEAVING: Final = 64
# Values add up to the supply, which is below the largest number that a field may have.


class Kind(StrEnum):
    """What an account is: somebody's, what is still to be issued, or what was taken away."""

    HOLDER = "holder"
    SCHEDULE = "schedule"
    SLASHED = "slashed"


class Account(msgspec.Struct, frozen=True):
    """Whole units that an account has, 0 or more, and how many entries it has sent."""

    kind: Kind = Kind.HOLDER
    balance: int = 0
    nonce: int = 0

    def write(self) -> bytes:
        """Return its canonical bytes."""
        return encode([str(self.kind), self.balance, self.nonce])

    @classmethod
    def read(cls, data: bytes) -> Account:
        """Return the account of its bytes.

        Raises:
            WireError: They are none.
            ValueError: It is of no kind.
        """
        fields = Fields(read(data), "account")
        one = cls(Kind(fields.text(_MOST_KIND)), fields.number(), fields.number())
        fields.end()
        return one


class Stake(msgspec.Struct, frozen=True):
    """Whole units that answer for a validator.

    `leaving` are those on their way out: at which height they are free, and how many.
    """

    active: int = 0
    leaving: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """All that can still be taken away."""
        return self.active + sum(amount for _, amount in self.leaving)

    def write(self) -> bytes | None:
        """Return its canonical bytes; None when there is nothing."""
        return encode([self.active, self.leaving]) if self.active or self.leaving else None

    @classmethod
    def read(cls, data: bytes) -> Stake:
        """Return the stake of its bytes.

        Raises:
            WireError: They are none.
        """
        fields = Fields(read(data), "stake")
        one = cls(fields.number(), fields.items(_MOST_LEAVING, _leaving))
        fields.end()
        return one


def _leaving(row: object) -> tuple[int, int]:
    fields = Fields(row, "part of a stake")
    pair = fields.number(), fields.number()
    fields.end()
    return pair


def account_key(owner: bytes) -> bytes:
    """Return where an account lies."""
    return b"account/" + owner


def stake_key(owner: bytes) -> bytes:
    """Return where a stake lies."""
    return b"stake/" + owner


def spent_key(output: bytes) -> bytes:
    """Return where it lies that an output is spent."""
    return b"spent/" + output


def offence_key(digest: bytes) -> bytes:
    """Return where it lies that an offence was punished."""
    return b"offence/" + digest


def attested_key(owner: bytes, proof: bytes) -> bytes:
    """Return where it lies that somebody attested a proof, named by its digest."""
    return b"attested/" + owner + proof


def entry_key(digest: bytes) -> bytes:
    """Return where the height lies at which an entry that nobody signed was agreed on."""
    return b"entry/" + digest
