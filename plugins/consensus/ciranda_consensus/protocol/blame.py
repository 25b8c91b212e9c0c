"""Who is to blame when two blocks of one height were agreed on: more than a third, by name.

Every commit certificate has the votes of a quorum behind it, and two quorums share more stake than
may be faulty. Let a block be agreed on in view v, and let another branch be agreed on later. On
that branch some block was the first to be prepared in a view w > v on a certificate older than v
(or in v itself, beside the first one). Whoever voted for both is faulty, unless a quorum had told
in view w-1 that it knew of nothing newer; then those who voted in v and told that are faulty.
Everything that is needed to see that is signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, final

import msgspec

from ciranda_consensus.protocol.block import NOTHING, Header
from ciranda_consensus.protocol.certificate import (
    Certificate,
    Phase,
    TimeoutCertificate,
    Verifies,
    bits,
    check,
    check_timeouts,
)
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Blame", "Offence", "blame"]


class Offence(StrEnum):
    """What a validator did that the rules forbid."""

    TWO_BLOCKS = "two_blocks"  # voted for two blocks in one view
    AGAINST_LOCK = "against_lock"  # voted against its lock, with no excuse for it
    FALSE_TIMEOUT = "false_timeout"  # gave a view up and told less than it knew


class Blame(msgspec.Struct, frozen=True):
    """What shows that some validators broke the rules; anybody can check it with the set alone.

    Attributes:
        offence: What they did.
        signers: The bits of those who did.
        locked: The certificate that they voted for first.
        other: The votes or timeouts that contradict it.
        header: For a vote against a lock, the header of the block that it is for.
    """

    offence: Offence
    signers: int
    locked: Certificate
    other: Certificate | TimeoutCertificate
    header: Header | None = None

    def holds(self, validators: ValidatorSet, verifier: Verifies) -> bool:
        """Say whether this proves what it says.

        A vote against a lock is proven as far as its header names no excuse; if it names one that
        nobody can show, those who voted for it have to.
        """
        first, other = self.locked, self.other
        both = first.signers & other.signers
        if check(first, validators, verifier) or not self.signers or self.signers & ~both:
            return False
        if isinstance(other, TimeoutCertificate):
            good = check_timeouts(other, validators, verifier) is None
            return good and self._told_less(other)
        if check(other, validators, verifier):
            return False
        if self.offence is Offence.TWO_BLOCKS:
            return first.view == other.view and first.block != other.block
        header = self.header
        return (
            self.offence is Offence.AGAINST_LOCK
            and (first.phase, other.phase) == (Phase.COMMIT, Phase.PREPARE)
            and header is not None
            and header.hash == other.block
            and header.view == other.view > first.view > header.parent_view
        )

    def _told_less(self, other: TimeoutCertificate) -> bool:
        """Say whether those named had voted to commit in a view above the one they told of."""
        highs = dict(zip(bits(other.signers), other.highs, strict=True))
        return (
            self.offence is Offence.FALSE_TIMEOUT
            and self.locked.phase == Phase.COMMIT
            and other.view >= self.locked.view
            and all(highs[seat] < self.locked.view for seat in bits(self.signers))
        )


def blame(
    one: Certificate,
    two: Certificate,
    *,
    validators: ValidatorSet,
    verifier: Verifies,
    headers: Mapping[bytes, Header],
    certificates: Iterable[Certificate],
    excuses: Mapping[bytes, TimeoutCertificate],
) -> list[Blame]:
    """Return who broke the rules, given two commit certificates of blocks that exclude each other.

    Args:
        one: A commit certificate.
        two: Another.
        validators: The set of the epoch.
        verifier: Checks signatures.
        headers: The headers of both branches, by hash.
        certificates: The certificates that honest validators know; those of the branches among
            them, which whoever voted to commit a block has.
        excuses: The timeout certificates that honest validators kept, by digest.

    Returns:
        Proofs that hold; together they name more than a third unless more than two thirds were
        faulty. Empty if the certificates do not exclude each other, or not all is known.
    """
    search = _Search(validators, verifier, headers, tuple(certificates), excuses)
    low, high = sorted((one, two), key=lambda certificate: certificate.view)
    return [found for found in search.find(low, high) if found.holds(validators, verifier)]


@final
class _Search:
    def __init__(
        self,
        validators: ValidatorSet,
        verifier: Verifies,
        headers: Mapping[bytes, Header],
        certificates: tuple[Certificate, ...],
        excuses: Mapping[bytes, TimeoutCertificate],
    ) -> None:
        self._validators: Final = validators
        self._verifier: Final = verifier
        self._headers: Final = headers
        self._certificates: Final = certificates
        self._excuses: Final = excuses

    def find(self, low: Certificate, high: Certificate) -> list[Blame]:
        """Return what can be said about two commits, the earlier one first."""
        if low.view == high.view:
            return self._two_blocks(low, high.block, (high,))
        header = self._headers.get(high.block)
        while header is not None and header.view > low.view:
            if header.parent_view < low.view:
                return self._against_lock(low, header)
            if header.parent_view == low.view and header.parent != low.block:
                known = self._of(header.parent, Phase.PREPARE, Phase.COMMIT)
                return self._two_blocks(low, header.parent, known)
            header = self._headers.get(header.parent)
        return []

    def _of(self, block: bytes, *phases: Phase) -> tuple[Certificate, ...]:
        return tuple(
            one for one in self._certificates if one.block == block and one.phase in phases
        )

    def _two_blocks(
        self, low: Certificate, block: bytes, known: tuple[Certificate, ...]
    ) -> list[Blame]:
        return [
            Blame(Offence.TWO_BLOCKS, low.signers & one.signers, low, one)
            for one in known
            if one.view == low.view and one.block == block
        ]

    def _against_lock(self, low: Certificate, header: Header) -> list[Blame]:
        excuse = self._excuses.get(header.excuse) if header.excuse != NOTHING else None
        if (
            excuse is not None
            and excuse.view == header.view - 1
            and excuse.high <= header.parent_view
            and check_timeouts(excuse, self._validators, self._verifier) is None
        ):
            return [Blame(Offence.FALSE_TIMEOUT, low.signers & excuse.signers, low, excuse)]
        return [
            Blame(Offence.AGAINST_LOCK, low.signers & one.signers, low, one, header)
            for one in self._of(header.hash, Phase.PREPARE)
            if one.view == header.view
        ]
