"""Evidence: two signed statements that one honest validator never makes both."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.protocol.certificate import Phase, Statement, Verifies, statement
from ciranda_consensus.protocol.messages import Proposal, Vote
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Evidence", "Said", "of_proposals", "of_votes"]


class Said(msgspec.Struct, frozen=True):
    """One signed statement about a block."""

    kind: Statement
    view: int
    phase: int
    height: int
    block: bytes
    signature: bytes


class Evidence(msgspec.Struct, frozen=True):
    """Two statements of one kind by one validator for two blocks in one view, in any phase.

    Anybody can check it with the set of validators alone.
    """

    signer: int
    first: Said
    second: Said

    def digest(self) -> bytes:
        """Return what names the offence, whichever of the statements came first."""
        blocks = sorted([self.first.block, self.second.block])
        row = [self.signer, int(self.first.kind), self.first.view, *blocks]
        return sha256(b"ciranda/evidence/1" + encode(row)).digest()

    def holds(self, validators: ValidatorSet, verifier: Verifies) -> bool:
        """Say whether this proves that the signer contradicted itself."""
        one, two = self.first, self.second
        if not 0 <= self.signer < len(validators) or one.block == two.block:
            return False
        if one.kind is Statement.TIMEOUT:  # told again with more knowledge, that is no offence
            return False
        if (one.kind, one.view) != (two.kind, two.view):
            return False
        public = validators.members[self.signer].public
        return all(
            verifier.verify(
                public,
                statement(validators, said.kind, said.view, said.phase, said.height, said.block),
                said.signature,
            )
            for said in (one, two)
        )


def of_votes(one: Vote, two: Vote) -> Evidence:
    """Return the evidence that two votes of one validator are."""
    return Evidence(one.signer, _vote(one), _vote(two))


def _vote(vote: Vote) -> Said:
    return Said(
        Statement.VOTE, vote.view, Phase(vote.phase), vote.height, vote.block, vote.signature
    )


def of_proposals(one: Proposal, two: Proposal) -> Evidence:
    """Return the evidence that two proposals of one leader are."""
    return Evidence(one.block.header.proposer, _proposal(one), _proposal(two))


def _proposal(proposal: Proposal) -> Said:
    header = proposal.block.header
    return Said(Statement.PROPOSAL, header.view, 0, header.height, header.hash, proposal.signature)
