"""What an entry can say. Each kind is a row of typed fields, no more and no fewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import Fields, WireError
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.protocol.voice import Signs
from ciranda_consensus.wire import evidence_of, evidence_row, read

__all__ = [
    "Accuse",
    "Attest",
    "Challenge",
    "Record",
    "StakeIn",
    "StakeOut",
    "Transaction",
    "Transfer",
    "Withdraw",
    "parse",
    "sender_of",
    "signed",
    "signed_part",
    "write",
]

MOST_PAID: Final = 256
MOST_PROOF: Final = 256 << 10
MOST_ENTRY: Final = 512 << 10
MOST_OUTPUT: Final = 64
MOST_UNITS: Final = 1_000_000
_SIGNATURE: Final = 64
_MOST_KIND: Final = 16


class Transfer(msgspec.Struct, frozen=True):
    """Pay from the sender to others.

    `spends` names outputs elsewhere that this uses up, such as invoices: none can be used twice.
    """

    sender: bytes
    nonce: int
    to: tuple[tuple[bytes, int], ...]
    spends: tuple[bytes, ...] = ()
    signature: bytes = b""


class StakeIn(msgspec.Struct, frozen=True):
    """Put units up as a stake."""

    sender: bytes
    nonce: int
    amount: int
    signature: bytes = b""


class StakeOut(msgspec.Struct, frozen=True):
    """Take units out of a stake; they are free after a delay, and answer until then."""

    sender: bytes
    nonce: int
    amount: int
    signature: bytes = b""


class Withdraw(msgspec.Struct, frozen=True):
    """Take what has left the stake and is free."""

    sender: bytes
    nonce: int
    signature: bytes = b""


class Attest(msgspec.Struct, frozen=True):
    """Say that one has verified a proof: whether it holds, and how many units of work it took."""

    sender: bytes
    nonce: int
    proof: str
    valid: bool
    units: int
    signature: bytes = b""


class Challenge(msgspec.Struct, frozen=True):
    """Say that somebody attested what is not so: the attestation, with his signature."""

    attest: bytes


class Accuse(msgspec.Struct, frozen=True):
    """Show that a validator contradicted itself."""

    evidence: Evidence


class Record(msgspec.Struct, frozen=True):
    """Agree on data that nobody has to sign."""

    data: dict[str, Any]


Signed = Transfer | StakeIn | StakeOut | Withdraw | Attest
Transaction = Signed | Challenge | Accuse | Record


def _amount(fields: Fields) -> int:
    amount = fields.number()
    if amount == 0:
        raise WireError("an amount of 0 says nothing: it must be 1 or more")
    return amount


def _paid(row: Any) -> tuple[bytes, int]:
    fields = Fields(row, "payment")
    pair = fields.hash(), _amount(fields)
    fields.end()
    return pair


def _transfer(fields: Fields) -> Transfer:
    sender, nonce, to = fields.hash(), fields.number(), fields.items(MOST_PAID, _paid)
    spends = fields.many_raw(MOST_PAID, MOST_OUTPUT)
    if not to:
        raise WireError("a transfer without a payment says nothing")
    if len(set(spends)) != len(spends):
        raise WireError("a transfer spends an output twice")
    return Transfer(sender, nonce, to, spends, fields.raw(_SIGNATURE))


def _stake_in(fields: Fields) -> StakeIn:
    return StakeIn(fields.hash(), fields.number(), _amount(fields), fields.raw(_SIGNATURE))


def _stake_out(fields: Fields) -> StakeOut:
    return StakeOut(fields.hash(), fields.number(), _amount(fields), fields.raw(_SIGNATURE))


def _withdraw(fields: Fields) -> Withdraw:
    return Withdraw(fields.hash(), fields.number(), fields.raw(_SIGNATURE))


def _attest(fields: Fields) -> Attest:
    return Attest(
        fields.hash(),
        fields.number(),
        fields.text(MOST_PROOF),
        fields.flag(),
        fields.number(MOST_UNITS),
        fields.raw(_SIGNATURE),
    )


def _challenge(fields: Fields) -> Challenge:
    return Challenge(fields.raw(MOST_ENTRY))


def _accuse(fields: Fields) -> Accuse:
    return Accuse(evidence_of(fields.take()))


def _record(fields: Fields) -> Record:
    data = fields.take()
    if type(data) is not dict:
        raise WireError("a record is a mapping")
    return Record(data)


_KINDS: Final[dict[str, tuple[type, Callable[[Fields], Transaction]]]] = {
    "accuse": (Accuse, _accuse),
    "attest": (Attest, _attest),
    "challenge": (Challenge, _challenge),
    "record": (Record, _record),
    "stake": (StakeIn, _stake_in),
    "transfer": (Transfer, _transfer),
    "unstake": (StakeOut, _stake_out),
    "withdraw": (Withdraw, _withdraw),
}
_NAMES: Final = {kind: name for name, (kind, _) in _KINDS.items()}


def sender_of(one: Transaction) -> bytes | None:
    """Return who signed a transaction; None where nobody has to."""
    return None if isinstance(one, Challenge | Accuse | Record) else one.sender


def _row(one: Transaction) -> list[Any]:
    if isinstance(one, Accuse):
        return ["accuse", evidence_row(one.evidence)]
    return [_NAMES[type(one)], *msgspec.structs.astuple(one)]


def write(one: Transaction) -> bytes:
    """Return the bytes of a transaction, which are an entry.

    Raises:
        EncodingError: It holds what has no canonical bytes.
    """
    return encode(_row(one))


def signed_part(chain: str, one: Transaction) -> bytes:
    """Return the bytes that are signed: the name of the chain, and all fields but the signature."""
    return b"ciranda/transaction/1" + encode([chain, _row(one)[:-1]])


def signed(signer: Signs, chain: str, one: Signed) -> bytes:
    """Return the entry of a transaction with its signature."""
    part = signed_part(chain, one)
    return write(msgspec.structs.replace(one, signature=signer.sign(part)))


def parse(entry: bytes) -> Transaction:
    """Return the transaction of an entry.

    Raises:
        WireError: It is none: not canonical, of no kind, or with a field that is wrong.
    """
    if len(entry) > MOST_ENTRY:
        raise WireError(f"an entry of {len(entry)} bytes is above the limit of {MOST_ENTRY}")
    row = read(entry)
    name = row[0] if type(row) is list and row else None
    if type(name) is not str or name not in _KINDS:
        raise WireError(
            f"there is no entry of the kind {str(name)[:_MOST_KIND]!r}: "
            f"there are {', '.join(sorted(_KINDS))}"
        )
    fields = Fields(row[1:], name)
    one = _KINDS[name][1](fields)
    fields.end()
    return one
