"""Checking a receipt offline: with the validator set alone, believing nothing that it says."""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.applications import has_records
from ciranda_consensus.cluster.keys import is_embedded
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.encoding import encode
from ciranda_consensus.merkle import verify, verify_inclusion
from ciranda_consensus.node.configuration import Genesis
from ciranda_consensus.protocol import Flaw, Header, ValidatorSet, Verifies, check
from ciranda_consensus.records import entry_of, record_key

from .receipt import Inclusion, Receipt, ReceiptError, StateProof, Trust, bytes_of

__all__ = ["Checked", "check_receipt"]

_FLAWS = {
    Flaw.UNKNOWN_SIGNER: "somebody signed who is none of the validators",
    Flaw.BAD_SIGNATURE: "a signature is not of the validator that it is said to be of",
    Flaw.NO_QUORUM: "those who signed are no quorum",
    Flaw.MALFORMED: "there are not as many signatures as signers",
}


class Checked(msgspec.Struct, frozen=True):
    """Whether a receipt holds.

    Attributes:
        valid: Whether it does.
        reason: `receipt`, or what is wrong: `malformed`, `other-chain`, `certificate`, `entry`,
            `state`, `trust`.
        message: The same in a sentence.
        trust: Whose word it is.
        chain: Of which chain.
        height: Of the block.
        block: Its hash.
        signers: Indices of those who signed.
        weight: Their stake, of `total`.
        key: The record's key that it is of.
        json: The record's JSON; None if the receipt is of the state alone.
        used: Whether the state has the key; None where the receipt does not say.
    """

    valid: bool
    reason: str
    message: str
    trust: Trust
    chain: str = ""
    height: int = 0
    block: str = ""
    signers: tuple[int, ...] = ()
    weight: int = 0
    total: int = 0
    key: str = ""
    json: str | None = None
    used: bool | None = None


class _RefutedError(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_receipt(receipt: Receipt, genesis: Genesis, verifier: Verifies | None = None) -> Checked:
    """Check a receipt.

    Args:
        receipt: As somebody gave it.
        genesis: Names the validators whom the reader believes, from elsewhere.
        verifier: Checks signatures; a new one by default.
    """
    try:
        return _checked(receipt, genesis, verifier or Verifier())
    except _RefutedError as error:
        return Checked(False, error.reason, f"The receipt does not hold: {error}.", receipt.trust)
    except CirandaError as error:
        return Checked(False, "malformed", f"The receipt does not hold: {error}.", receipt.trust)


def _checked(receipt: Receipt, genesis: Genesis, verifier: Verifies) -> Checked:
    validators, header = genesis.set(), receipt.header.header()
    if header.hash.hex() != receipt.block:
        raise _RefutedError("malformed", "`block` is not the hash of its header")
    one = receipt.certificate.certificate()
    top = header
    for above in (each.header() for each in receipt.above):
        if (above.parent, above.height) != (top.hash, top.height + 1):
            raise _RefutedError("certificate", "the headers above do not stand on each other")
        _same_chain(above, validators)
        top = above
    _same_chain(header, validators)
    if (one.block, one.height) != (top.hash, top.height):
        raise _RefutedError("certificate", "the certificate is of another block")
    flaw = check(one, validators, verifier)
    if flaw is not None:
        raise _RefutedError("certificate", _FLAWS.get(flaw, flaw.value))
    if (receipt.trust is Trust.EMBEDDED) is not is_embedded(header.chain):
        raise _RefutedError("trust", f"the chain {header.chain!r} is not what `trust` says")
    if receipt.entry is not None:
        _require_entry(receipt.entry, header)
    if receipt.state is not None:
        if not has_records(genesis):
            raise _RefutedError("state", f"the state of {genesis.chain!r} tells of no records")
        _require_state(receipt.state, header)
    keys = {one.key for one in (receipt.entry, receipt.state) if one is not None}
    if len(keys) != 1:
        raise _RefutedError("state", "`entry` and `state` are of two keys")
    return Checked(True, "receipt", _said(receipt, header), receipt.trust, **_facts(
        receipt, header, validators
    ))  # fmt: skip


def _same_chain(header: Header, validators: ValidatorSet) -> None:
    if header.chain != validators.chain:
        raise _RefutedError(
            "other-chain", f"it is of the chain {header.chain!r}, the set of {validators.chain!r}"
        )
    if (header.epoch, header.set_hash) != (validators.epoch, validators.hash):
        raise _RefutedError("other-chain", "it is of another set of validators than the one given")


def _require_entry(one: Inclusion, header: Header) -> None:
    entry = entry_of(one.key, one.json)
    path = [bytes_of(each, "a hash of the path", 32) for each in one.path]
    if not verify_inclusion(header.entries_root, one.size, one.index, entry, path):
        raise _RefutedError("entry", f"the block does not hold the record {one.key[:80]!r}")


def _require_state(one: StateProof, header: Header) -> None:
    used = one.height is not None
    if used is not bool(one.digest):
        raise ReceiptError("`state` has either both a height and a digest, or none of them")
    value = encode([one.height, bytes_of(one.digest, "`digest`", 32)]) if used else None
    flaw = verify(header.state_root, bytes_of(one.proof, "`proof`"), {record_key(one.key): value})
    if flaw:
        raise _RefutedError("state", f"the state does not say so of the key {one.key[:80]!r}")


def _said(receipt: Receipt, header: Header) -> str:
    found = []
    if receipt.entry is not None:
        found.append(f"block {header.height} holds the record {receipt.entry.key!r}")
    if receipt.state is not None:
        when = receipt.state.height
        said = "was not used" if when is None else f"was used in block {when}"
        found.append(f"up to block {header.height} the key {receipt.state.key!r} {said}")
    return f"The receipt holds: {', and '.join(found)}."


def _facts(receipt: Receipt, header: Header, validators: ValidatorSet) -> dict[str, Any]:
    one = receipt.certificate
    entry, state = receipt.entry, receipt.state
    return {
        "chain": header.chain,
        "height": header.height,
        "block": header.hash.hex(),
        "signers": one.signers,
        "weight": validators.weight(sum(1 << each for each in one.signers)),
        "total": validators.total,
        "key": entry.key if entry is not None else state.key if state is not None else "",
        "json": None if entry is None else entry.json,
        "used": None if state is None else state.height is not None,
    }
