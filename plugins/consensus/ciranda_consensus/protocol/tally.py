"""What others said in one view, counted by stake."""

from __future__ import annotations

from typing import Final, final

from ciranda_consensus.protocol.certificate import Certificate, Phase, TimeoutCertificate
from ciranda_consensus.protocol.messages import Timeout, Vote
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Tally"]


@final
class Tally:
    """The votes and the timeouts of a view; of each validator the first of a kind counts."""

    __slots__ = ("_bits", "_done", "_gone", "_timeouts", "_validators", "_votes", "_weights")

    def __init__(self, validators: ValidatorSet) -> None:
        self._validators: Final = validators
        self._votes: Final[tuple[dict[int, Vote], ...]] = ({}, {}, {})
        self._weights: Final[dict[tuple[int, bytes], int]] = {}
        self._bits: Final[dict[tuple[int, bytes], int]] = {}
        self._done: Final[set[int]] = set()
        self._timeouts: Final[dict[int, Timeout]] = {}
        self._gone = 0

    @property
    def stirred(self) -> bool:
        """Whether anybody gave the view up."""
        return bool(self._timeouts)

    def other(self, vote: Vote) -> Vote | None:
        """Return a vote of its signer that contradicts this one."""
        for votes in self._votes:
            earlier = votes.get(vote.signer)
            if earlier is not None and earlier.block != vote.block:
                return earlier
        return None

    def vote(self, vote: Vote) -> Certificate | None:
        """Count a checked vote of this view; return the certificate that it completes."""
        votes, key = self._votes[vote.phase], (vote.phase, vote.block)
        if vote.signer in votes:
            return None
        votes[vote.signer] = vote
        if vote.phase in self._done:
            return None
        bits = self._bits[key] = self._bits.get(key, 0) | 1 << vote.signer
        weight = self._weights.get(key, 0) + self._validators.members[vote.signer].stake
        self._weights[key] = weight
        if weight < self._validators.quorum:
            return None
        self._done.add(vote.phase)
        agreed = sorted(one.signer for one in votes.values() if one.block == vote.block)
        return Certificate(
            vote.view,
            Phase(vote.phase),
            vote.height,
            vote.block,
            bits,
            tuple(votes[signer].signature for signer in agreed),
        )

    def give_up(self, said: Timeout) -> None:
        """Count a checked timeout of this view."""
        if said.signer not in self._timeouts:
            self._timeouts[said.signer] = said
            self._gone += self._validators.members[said.signer].stake

    @property
    def honest_gave_up(self) -> bool:
        """Whether some honest validator gave the view up, whoever is faulty."""
        return self._gone > self._validators.faulty

    def timeout_certificate(self) -> TimeoutCertificate | None:
        """Return the certificate that the timeouts make; None while they are too few."""
        if self._gone < self._validators.quorum:
            return None
        signers = sorted(self._timeouts)
        return TimeoutCertificate(
            self._timeouts[signers[0]].view,
            sum(1 << signer for signer in signers),
            tuple(self._timeouts[signer].high.view for signer in signers),
            tuple(self._timeouts[signer].signature for signer in signers),
        )
