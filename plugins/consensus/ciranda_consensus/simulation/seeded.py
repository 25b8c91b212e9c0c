"""The protocol with a mistake built in: a simulator that finds these may find others.

Each is a mistake that somebody made before. A test runs every one of them until it is found; who
changes the simulator and loses sight of one has made it worse.
"""

from __future__ import annotations

from struct import Struct as Layout
from typing import Any, Final

import msgspec

from ciranda_consensus.protocol import (
    Certificate,
    Phase,
    Replica,
    Statement,
    TimeoutCertificate,
    ValidatorSet,
    Voice,
)
from ciranda_consensus.protocol.messages import (
    Input,
    Output,
    Persist,
    Promise,
    Proposal,
    Timeout,
)
from ciranda_consensus.protocol.rules import may_commit, may_prepare
from ciranda_consensus.simulation.oracle import Oracle

__all__ = ["SEEDED", "Seeded"]

_TAIL: Final = Layout(">BQBQ32s")


class _FewSuffice(ValidatorSet):
    """Quorums of 2f+1, which is too few unless there are 3f+1 validators."""

    def __init__(self, right: ValidatorSet) -> None:
        super().__init__(right.chain, right.epoch, right.members)
        self.quorum = 2 * ((len(right) - 1) // 3) + 1  # type: ignore[misc]


class _SmallQuorum(Replica):
    def __init__(self, validators: ValidatorSet, *args: Any, **named: Any) -> None:
        super().__init__(_FewSuffice(validators), *args, **named)


class _Forgetful(Replica):
    """Never makes durable what it promises."""

    def handle(self, what: Input, now: int) -> list[Output]:
        return [out for out in super().handle(what, now) if type(out) is not Persist]


class _Late(Replica):
    """Sends first and makes durable then."""

    def handle(self, what: Input, now: int) -> list[Output]:
        return sorted(super().handle(what, now), key=lambda out: type(out) is Persist)


class _Lax:
    """Takes signatures for what they are not."""

    def __init__(self, right: Oracle, skip: int) -> None:
        self._right: Final = right
        self._skip: Final = skip
        self.known: Final = right.known
        self.learn: Final = right.learn

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say that a vote is good if its signer voted so in any phase."""
        kind, view, _, height, block = _TAIL.unpack_from(data, self._skip)
        if kind != Statement.VOTE:
            return self._right.verify(public, data, signature)
        start = data[: self._skip]
        return any(
            self._right.verify(public, start + _TAIL.pack(kind, view, phase, height, block), public)
            for phase in Phase
        )


class _Credulous(_Lax):
    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say that every vote is good."""
        return data[self._skip] == Statement.VOTE or self._right.verify(public, data, signature)


class _Phaseless(Replica):
    """Votes are not bound to their phase."""

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Any,
        verifier: Any,
        *args: Any,
        **named: Any,
    ) -> None:
        lax = _Lax(verifier, len(validators.prefix))
        super().__init__(validators, seat, signer, lax, *args, **named)


class _Unchecked(Replica):
    """The signatures of votes are not checked."""

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Any,
        verifier: Any,
        *args: Any,
        **named: Any,
    ) -> None:
        lax = _Credulous(verifier, len(validators.prefix))
        super().__init__(validators, seat, signer, lax, *args, **named)


class _Unlocked(Replica):
    """Votes for a block whatever it builds on."""

    @staticmethod
    def _may_prepare(promise: Promise, proposal: Proposal) -> bool:
        return may_prepare(msgspec.structs.replace(promise, high=proposal.justify), proposal)


class _AnyExcuse(Replica):
    """Takes any timeouts for an excuse, whatever their senders knew."""

    @staticmethod
    def _may_prepare(promise: Promise, proposal: Proposal) -> bool:
        if isinstance(proposal.entry, TimeoutCertificate):
            promise = msgspec.structs.replace(promise, high=proposal.justify)
        return may_prepare(promise, proposal)


class _AfterTimeout(Replica):
    """Votes in a view that it gave up."""

    @staticmethod
    def _may_prepare(promise: Promise, proposal: Proposal) -> bool:
        return may_prepare(msgspec.structs.replace(promise, gone=0), proposal)

    @staticmethod
    def _may_commit(promise: Promise, prepared: Certificate) -> bool:
        return may_commit(msgspec.structs.replace(promise, gone=0), prepared)


class _Twice(Replica):
    """Votes for whatever the leader proposes, as often as it does."""

    def _proposed(self, sender: int, proposal: Proposal) -> str:
        self._proposal = None
        return super()._proposed(sender, proposal)

    @staticmethod
    def _may_prepare(promise: Promise, proposal: Proposal) -> bool:
        return may_prepare(msgspec.structs.replace(promise, voted=0), proposal)


class _LowLock(Replica):
    """Locks on what is agreed on, not on what is prepared."""

    def _learn(self, certificate: Certificate) -> None:
        if certificate.phase == Phase.COMMIT:
            super()._learn(certificate)


class _TerseVoice(Voice):
    def timeout(
        self, view: int, high: Certificate, entry: Certificate | TimeoutCertificate | None
    ) -> Timeout:
        """Return a timeout that does not say how its sender came into the view."""
        return super().timeout(view, high, None)


class _Terse(Replica):
    """Who gives a view up does not bring those along who are behind."""

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Any,
        verifier: Any,
        *args: Any,
        **named: Any,
    ) -> None:
        super().__init__(validators, seat, signer, verifier, *args, **named)
        begin = self._voice.origin
        self._voice = _TerseVoice(validators, seat, signer, verifier, begin)  # type: ignore[misc]


class _Unexecuted(Replica):
    """Votes for blocks without executing them."""

    def _consider(self, sender: int, proposal: Proposal) -> str:
        self.chain.hold(proposal.block, self.chain.tip.state)
        return super()._consider(sender, proposal)


class Seeded(msgspec.Struct, frozen=True):
    """A mistake, and what it takes to see it.

    Attributes:
        replica: Makes a replica with the mistake.
        nodes: With how many validators it shows.
        strategies: Byzantine ones that bring it to light; all kinds if there are none.
    """

    replica: type[Replica]
    nodes: int = 4
    strategies: tuple[str, ...] = ()


SEEDED: Final[dict[str, Seeded]] = {
    "quorums of 2f+1 among 6": Seeded(_SmallQuorum, nodes=6),
    "a promise that is not durable": Seeded(_Forgetful),
    "a vote before its promise is durable": Seeded(_Late),
    "votes not bound to a phase": Seeded(_Phaseless),
    "votes with unchecked signatures": Seeded(_Unchecked),
    "no lock": Seeded(_Unlocked),
    "a lock on agreed blocks only": Seeded(_LowLock),
    "any timeouts as an excuse": Seeded(_AnyExcuse),
    "a vote after giving up": Seeded(_AfterTimeout),
    "two votes in a view": Seeded(_Twice),
    "timeouts without the certificate of entry": Seeded(_Terse),
    "a block that was not executed": Seeded(_Unexecuted),
}
