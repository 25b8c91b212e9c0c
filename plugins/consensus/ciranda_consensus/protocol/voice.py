"""A validator's own statements, and whether those of others are theirs."""

from __future__ import annotations

from typing import Final, Protocol

from ciranda_consensus.protocol.certificate import (
    Certificate,
    Flaw,
    Phase,
    Statement,
    TimeoutCertificate,
    Verifies,
    check,
    check_timeouts,
    excuse_of,
    statement,
)
from ciranda_consensus.protocol.messages import Proposal, Timeout, Vote
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Signs", "Voice"]


class Signs(Protocol):
    """Signs for one validator."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""


class Voice:
    """Signs for one seat of a set; checks what the others signed.

    Args:
        validators: The set.
        seat: The index of whoever speaks.
        signer: Signs for it.
        verifier: Checks signatures.
        origin: The certificate of the first block, which nobody signed.
    """

    __slots__ = ("_seat", "_signer", "_validators", "_verifier", "origin")

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Signs,
        verifier: Verifies,
        origin: Certificate,
    ) -> None:
        self._validators: Final = validators
        self._seat: Final = seat
        self._signer: Final = signer
        self._verifier: Final = verifier
        self.origin: Final = origin

    def vote(self, view: int, phase: Phase, height: int, block: bytes) -> Vote:
        """Return a signed vote."""
        data = statement(self._validators, Statement.VOTE, view, phase, height, block)
        return Vote(view, phase, height, block, self._seat, self._signer.sign(data))

    def seal(self, view: int, height: int, block: bytes) -> bytes:
        """Return the signature of a proposal."""
        data = statement(self._validators, Statement.PROPOSAL, view, 0, height, block)
        return self._signer.sign(data)

    def timeout(
        self, view: int, high: Certificate, entry: Certificate | TimeoutCertificate | None
    ) -> Timeout:
        """Return a signed timeout."""
        data = statement(self._validators, Statement.TIMEOUT, view, 0, high.view)
        return Timeout(view, high, entry, self._seat, self._signer.sign(data))

    def _signed(self, signer: int, data: bytes, signature: bytes) -> Flaw | None:
        public = self._validators.members[signer].public
        return None if self._verifier.verify(public, data, signature) else Flaw.BAD_SIGNATURE

    def check_vote(self, sender: int, vote: Vote) -> Flaw | None:
        """Return what is wrong with a vote; None if nothing is."""
        if vote.signer != sender:
            return Flaw.UNKNOWN_SIGNER
        if vote.phase not in (Phase.PREPARE, Phase.COMMIT):
            return Flaw.MALFORMED
        data = statement(
            self._validators, Statement.VOTE, vote.view, vote.phase, vote.height, vote.block
        )
        return self._signed(sender, data, vote.signature)

    def check_timeout(self, sender: int, said: Timeout) -> Flaw | None:
        """Return what is wrong with a timeout; None if nothing is."""
        if said.signer != sender:
            return Flaw.UNKNOWN_SIGNER
        if said.high.view > said.view:
            return Flaw.MALFORMED
        data = statement(self._validators, Statement.TIMEOUT, said.view, 0, said.high.view)
        flaw = self._signed(sender, data, said.signature) or self.check(said.high)
        return flaw or (self.check(said.entry) if said.entry is not None else None)

    def check_proposal(self, proposal: Proposal) -> Flaw | None:
        """Return what is wrong with a proposal's form and signatures; None if nothing is."""
        header, known, justify = proposal.block.header, self._validators, proposal.justify
        if header.view < 1 or header.proposer != known.leader(header.view):
            return Flaw.WRONG_LEADER
        entry = proposal.entry
        fits = (
            header.set_hash
            == known.hash  # chain and epoch are in it, and are asked for all the same
            and (header.chain, header.epoch) == (known.chain, known.epoch)
            and header.parent == justify.block
            and header.height == justify.height + 1
            and header.parent_view == justify.view < header.view
            and _opens(entry, header.view)
            and header.excuse == excuse_of(entry)
            and proposal.block.whole()
        )
        if not fits:
            return Flaw.MALFORMED
        data = statement(known, Statement.PROPOSAL, header.view, 0, header.height, header.hash)
        flaw = self._signed(header.proposer, data, proposal.signature) or self.check(justify)
        return flaw or (self.check(entry) if entry is not None else None)

    def check(self, one: Certificate | TimeoutCertificate) -> Flaw | None:
        """Return what is wrong with a certificate; None if nothing is."""
        if isinstance(one, TimeoutCertificate):
            return check_timeouts(one, self._validators, self._verifier)
        if one.view <= self.origin.view:
            return None if one == self.origin else Flaw.MALFORMED
        return check(one, self._validators, self._verifier)


def _opens(entry: Certificate | TimeoutCertificate | None, view: int) -> bool:
    """Say whether a certificate opens a view: the view before ended with it."""
    if entry is None:
        return view == 1
    return entry.view == view - 1 and getattr(entry, "phase", Phase.COMMIT) == Phase.COMMIT
