"""Certificates: what a quorum said, in a form that anybody can check with the set alone."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from functools import lru_cache
from hashlib import sha256
from struct import Struct as Layout
from typing import Final, Protocol

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = [
    "Certificate",
    "Flaw",
    "Phase",
    "Statement",
    "TimeoutCertificate",
    "Verifies",
    "bits",
    "check",
    "check_timeouts",
    "excuse_of",
    "origin",
    "statement",
]


class Phase(IntEnum):
    """What a vote says of a block: it may be built upon; it is agreed on."""

    PREPARE = 1
    COMMIT = 2


class Statement(IntEnum):
    """What a signature is for; none can be taken for another."""

    PROPOSAL = 1
    VOTE = 2
    TIMEOUT = 3


class Flaw(StrEnum):
    """Why something is refused."""

    UNKNOWN_SIGNER = "unknown_signer"
    BAD_SIGNATURE = "bad_signature"
    NO_QUORUM = "no_quorum"
    MALFORMED = "malformed"
    WRONG_LEADER = "wrong_leader"
    UNSAFE = "unsafe"
    UNASKED = "unasked"
    FULL = "full"


class Verifies(Protocol):
    """Checks signatures; remembers what it has seen."""

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the owner of `public` signed these bytes."""

    def known(self, digest: bytes) -> bool:
        """Say whether a certificate was found good before; `digest` names it and its set."""

    def learn(self, digest: bytes) -> None:
        """Remember that a certificate is good."""


_LAYOUT: Final = Layout(">BQBQ32s")
_NOTHING: Final = bytes(32)


def statement(
    validators: ValidatorSet,
    kind: Statement,
    view: int,
    phase: int = 0,
    height: int = 0,
    block: bytes = _NOTHING,
) -> bytes:
    """Return the bytes that are signed: chain, epoch and set; kind, view, phase, height, block.

    All have a fixed length but the first three, which are canonical: no two statements share bytes.
    For a timeout `height` is the view of the highest certificate that its sender knows.
    """
    return validators.prefix + _LAYOUT.pack(kind, view, phase, height, block)


def bits(signers: int) -> Iterator[int]:
    """Return the places of the bits that are set, lowest first."""
    while signers:
        low = signers & -signers
        yield low.bit_length() - 1
        signers ^= low


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """A quorum's votes for one block in one phase of one view.

    `signers` has the bit of each validator that voted; `signatures` are theirs, lowest bit first.
    """

    view: int
    phase: Phase
    height: int
    block: bytes
    signers: int
    signatures: tuple[bytes, ...]

    def digest(self) -> bytes:
        """Return what names this certificate and no other."""
        return _digest(self)


class TimeoutCertificate(msgspec.Struct, frozen=True, gc=False):
    """A quorum gave up a view; each told the view of the highest certificate that it knows.

    `highs` are these views, `signatures` belong to them, in the order of the bits of `signers`.
    """

    view: int
    signers: int
    highs: tuple[int, ...]
    signatures: tuple[bytes, ...]

    @property
    def high(self) -> int:
        """The highest of the views that were told."""
        return max(self.highs)

    def digest(self) -> bytes:
        """Return what names this certificate and no other."""
        return _digest(self)


@lru_cache(maxsize=256)  # the same few are sent in many messages
def _digest(one: Certificate | TimeoutCertificate) -> bytes:
    if isinstance(one, Certificate):
        row = [one.view, int(one.phase), one.height, one.block, one.signers, one.signatures]
        return sha256(b"ciranda/certificate/1" + encode(row)).digest()
    rows = [one.view, one.signers, one.highs, one.signatures]
    return sha256(b"ciranda/timeouts/1" + encode(rows)).digest()


def origin(first: Block) -> Certificate:
    """Return the certificate of the block that all begin with: nobody signed it, all know it."""
    header = first.header
    return Certificate(header.view, Phase.COMMIT, header.height, first.hash, 0, ())


def excuse_of(entry: Certificate | TimeoutCertificate | None) -> bytes:
    """Return what a header says of the certificate that opened its view: zeros for a commit."""
    return entry.digest() if isinstance(entry, TimeoutCertificate) else _NOTHING


def check(one: Certificate, validators: ValidatorSet, verifier: Verifies) -> Flaw | None:
    """Return what is wrong with a certificate; None if nothing is."""
    digest = validators.hash + one.digest()
    if verifier.known(digest):
        return None
    flaw = _check_signers(one.signers, len(one.signatures), validators)
    if flaw is not None:
        return flaw
    data = statement(validators, Statement.VOTE, one.view, one.phase, one.height, one.block)
    for seat, signature in zip(bits(one.signers), one.signatures, strict=True):
        if not verifier.verify(validators.members[seat].public, data, signature):
            return Flaw.BAD_SIGNATURE
    verifier.learn(digest)
    return None


def check_timeouts(
    one: TimeoutCertificate, validators: ValidatorSet, verifier: Verifies
) -> Flaw | None:
    """Return what is wrong with a timeout certificate; None if nothing is."""
    digest = validators.hash + one.digest()
    if verifier.known(digest):
        return None
    flaw = _check_signers(one.signers, len(one.signatures), validators)
    if flaw is not None:
        return flaw
    if len(one.highs) != len(one.signatures) or not all(
        0 <= high <= one.view for high in one.highs
    ):
        return Flaw.MALFORMED
    for seat, high, signature in zip(bits(one.signers), one.highs, one.signatures, strict=True):
        data = statement(validators, Statement.TIMEOUT, one.view, 0, high)
        if not verifier.verify(validators.members[seat].public, data, signature):
            return Flaw.BAD_SIGNATURE
    verifier.learn(digest)
    return None


def _check_signers(signers: int, count: int, validators: ValidatorSet) -> Flaw | None:
    if signers < 0 or signers >> len(validators):
        return Flaw.UNKNOWN_SIGNER
    if signers.bit_count() != count:
        return Flaw.MALFORMED
    if validators.weight(signers) < validators.quorum:
        return Flaw.NO_QUORUM
    return None
