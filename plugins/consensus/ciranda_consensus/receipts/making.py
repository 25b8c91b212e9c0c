"""Receipts of what a cluster found."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ciranda_consensus.cluster.found import Found, Shown
from ciranda_consensus.cluster.keys import is_embedded
from ciranda_consensus.encoding import decode
from ciranda_consensus.merkle import History
from ciranda_consensus.protocol.certificate import bits
from ciranda_consensus.records import key_of, record_key, text_of

from .receipt import FORMAT, Inclusion, Receipt, Signed, StateProof, Top, Trust

__all__ = ["receipt_of", "state_receipt"]


def _fields(found: Found) -> dict[str, Any]:
    one, header = found.certificate, found.block.header
    return {
        "format": FORMAT,
        "trust": Trust.EMBEDDED if is_embedded(header.chain) else Trust.VALIDATORS,
        "block": header.hash.hex(),
        "header": Top.of(header),
        "above": tuple(Top.of(each) for each in found.above),
        "certificate": Signed(
            one.view,
            one.height,
            one.block.hex(),
            tuple(bits(one.signers)),
            tuple(each.hex() for each in one.signatures),
        ),
    }


def receipt_of(found: Found, entry: bytes, history: History | None = None) -> Receipt:
    """Return the receipt of a record.

    Args:
        found: Where it is.
        entry: The record's entry.
        history: The tree of the block's entries, where many receipts of one block are made.

    Raises:
        WireError: The entry is no record.
        ValueError: The block does not hold it.
    """
    entries = found.block.entries
    index = entries.index(entry)
    path = (history or History(entries)).inclusion(index)
    inclusion = Inclusion(
        key_of(entry), text_of(entry), index, len(entries), tuple(one.hex() for one in path)
    )
    return Receipt(**_fields(found), entry=inclusion)


def state_receipt(shown: Shown, key: str, entry: bytes | None = None) -> Receipt:
    """Return the receipt of what a state says of a record's key.

    Args:
        shown: What it says.
        key: The key.
        entry: The record's entry, if it is in the very block after which the state is.
    """
    value = shown.values[record_key(key)]
    height, digest = (None, b"") if value is None else decode(value)
    state = StateProof(key, height, digest.hex(), shown.proof.hex())
    inclusion = None
    if entry is not None and entry in shown.where.block.entries:
        assert sha256(entry).digest() == digest  # the rules say so
        inclusion = receipt_of(shown.where, entry).entry
    return Receipt(**_fields(shown.where), entry=inclusion, state=state)
