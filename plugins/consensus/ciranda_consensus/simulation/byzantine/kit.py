"""What a Byzantine validator has in its hands: its own key, all that it hears, and no scruples."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol, final

from ciranda_consensus.merkle import root_of
from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Header,
    Phase,
    Replica,
    TimeoutCertificate,
    ValidatorSet,
    Voice,
    origin,
)
from ciranda_consensus.protocol.certificate import excuse_of
from ciranda_consensus.protocol.messages import (
    ALL,
    Announce,
    Input,
    Output,
    Proposal,
    Receive,
    Send,
    Vote,
)

__all__ = ["Gleaner", "Kit", "Strategy", "spread"]


class Kit(NamedTuple):
    """What a strategy is made from.

    Attributes:
        validators: The set.
        seat: Its own index; whoever receives a message from it knows that.
        signer: Signs with its own key, and with no other.
        verifier: Checks signatures.
        first: The block that all begin with.
        rng: Its dice.
        make: Makes a replica that keeps the rules, with its key and nothing remembered.
        partners: The other Byzantine validators.
    """

    validators: ValidatorSet
    seat: int
    signer: Any
    verifier: Any
    first: Block
    rng: random.Random
    make: Callable[[], Replica]
    partners: frozenset[int] = frozenset()


class Strategy(Protocol):
    """A Byzantine validator: takes what a replica takes, and sends whatever it likes."""

    def handle(self, what: Input, now: int) -> list[Output]:
        """Take an input; return what to send and which timers to set."""


def spread(kit: Kit, message: Any, share: float = 0.5) -> list[Output]:
    """Return a message for some of the others, drawn anew each time."""
    return [
        Send(seat, message)
        for seat in range(len(kit.validators))
        if seat != kit.seat and kit.rng.random() < share
    ]


@final
class Gleaner:
    """Collects what it hears, and makes certificates and blocks out of it.

    Attributes:
        voice: Signs with the key of the kit.
        headers: Those that were proposed, by hash.
        certificates: Those that it heard of or made itself, oldest first.
        excuses: Timeout certificates that it heard of, by view.
    """

    MOST: Final = 64

    def __init__(self, kit: Kit) -> None:
        self.kit: Final = kit
        first = origin(kit.first)
        self.voice: Final = Voice(kit.validators, kit.seat, kit.signer, kit.verifier, first)
        self.headers: Final[dict[bytes, Header]] = {kit.first.hash: kit.first.header}
        self.certificates: Final[dict[tuple[int, bytes], Certificate]] = {(0, first.block): first}
        self.excuses: Final[dict[int, TimeoutCertificate]] = {}
        self._votes: Final[dict[tuple[int, int, int, bytes], dict[int, bytes]]] = {}
        self._kept: Final[tuple[dict[Any, Any], ...]] = (
            self.headers,
            self.certificates,
            self.excuses,
            self._votes,
        )

    def hear(self, what: Input) -> list[Certificate]:
        """Remember what is of use; return the certificates that this completes."""
        if type(what) is not Receive:
            return []
        message = what.message
        if type(message) is Vote:
            found = self.count(message)
            return [found] if found is not None else []
        if type(message) is Proposal:
            self.headers[message.block.hash] = message.block.header
            self.note(message.justify)
            if message.entry is not None:
                self.note(message.entry)
        elif type(message) is Announce:
            self.note(message.certificate)
        return []

    def note(self, one: Certificate | TimeoutCertificate) -> None:
        """Remember a certificate."""
        if isinstance(one, TimeoutCertificate):
            self.excuses[one.view] = one
        else:
            self.certificates[one.view, one.block] = one
        for kept in self._kept:
            while len(kept) > self.MOST:
                del kept[next(iter(kept))]

    def count(self, vote: Vote) -> Certificate | None:
        """Count a vote with whatever others there are for the same block."""
        key = (vote.view, vote.phase, vote.height, vote.block)
        votes = self._votes.setdefault(key, {})
        if vote.signer in votes:
            return None
        votes[vote.signer] = vote.signature
        bits = sum(1 << seat for seat in votes)
        if self.kit.validators.weight(bits) < self.kit.validators.quorum:
            return None
        signatures = tuple(votes[seat] for seat in sorted(votes))
        made = Certificate(vote.view, Phase(vote.phase), vote.height, vote.block, bits, signatures)
        self.note(made)
        return made

    def vote(self, header: Header, phase: Phase, view: int | None = None) -> Vote:
        """Return a vote of its own for a block, in its view or in another."""
        return self.voice.vote(view or header.view, phase, header.height, header.hash)

    def propose(
        self,
        view: int,
        below: Certificate,
        entries: tuple[bytes, ...] = (),
        **changes: Any,
    ) -> Proposal | None:
        """Return a proposal on a certificate of its choice; None if it does not know the block.

        Without entries the block is right in itself. `changes` are of the header.
        """
        parent = self.headers.get(below.block)
        if parent is None:
            return None
        entry: Certificate | TimeoutCertificate | None = self.excuses.get(view - 1)
        if entry is None:
            for (at, _), one in self.certificates.items():
                if at == view - 1 and one.phase == Phase.COMMIT:
                    entry = one
        header = replace(
            parent,
            height=parent.height + 1,
            view=view,
            parent=parent.hash,
            parent_view=below.view,
            excuse=excuse_of(entry),
            entries_root=root_of(entries),
            proposer=self.kit.seat,
            time=parent.time + self.kit.rng.randrange(1000),
        )
        header = replace(header, **changes)
        self.headers[header.hash] = header
        seal = self.voice.seal(header.view, header.height, header.hash)
        return Proposal(Block(header, entries), below, entry, seal)

    def seal(self, block: Block, like: Proposal) -> Proposal:
        """Return a proposal of another block with the certificates of this one."""
        self.headers[block.hash] = block.header
        seal = self.voice.seal(block.header.view, block.header.height, block.hash)
        return Proposal(block, like.justify, like.entry, seal)

    def announce(self, made: list[Certificate], share: float = 0.6) -> list[Output]:
        """Return the news of certificates, for some of the others or for all."""
        found: list[Output] = []
        for one in made:
            if self.kit.rng.random() < share:
                found += spread(self.kit, Announce(one))
            else:
                found.append(Send(ALL, Announce(one)))
        return found
