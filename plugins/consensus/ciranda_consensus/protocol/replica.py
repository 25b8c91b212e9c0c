"""A replica of the protocol: inputs in, outputs out; no clock, no I/O, no await, no randomness.

HotStuff-2 (Malkhi and Nayak, 2023), not pipelined. In a view its leader proposes a block, collects
a quorum's votes to prepare it, announces that certificate, collects a quorum's votes to commit it
and announces that one: five messages a validator and block. Who sees no progress gives the view
up; a quorum of such statements is a certificate too and begins the next view. The file
docs/consensus-protocol.md says why two blocks are never agreed on at one height.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ciranda_consensus.protocol.application import Application
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.building import Builder
from ciranda_consensus.protocol.catchup import CatchUp
from ciranda_consensus.protocol.certificate import (
    Certificate,
    Flaw,
    Phase,
    TimeoutCertificate,
    Verifies,
    origin,
)
from ciranda_consensus.protocol.chain import Chain
from ciranda_consensus.protocol.evidence import of_proposals, of_votes
from ciranda_consensus.protocol.messages import (
    ALL,
    Accused,
    Announce,
    Blocks,
    Committed,
    Entries,
    Fetch,
    Fired,
    Input,
    Output,
    Persist,
    Promise,
    Proposal,
    Receive,
    Refused,
    Restarted,
    Send,
    SetTimer,
    Submit,
    Timeout,
    Vote,
)
from ciranda_consensus.protocol.pacemaker import Pacemaker, Pacing
from ciranda_consensus.protocol.rules import may_commit, may_prepare
from ciranda_consensus.protocol.tally import Tally
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.protocol.voice import Signs, Voice

__all__ = ["Replica"]

RESENT: Final = 64  # waiting entries that are sent again when a view is given up


class Replica:
    """One validator's part in the protocol.

    Args:
        validators: The set of this epoch.
        seat: Its own index there.
        signer: Signs its statements.
        verifier: Checks those of others.
        application: What is agreed on.
        first: The block that all begin with.
        tip: The last block that it knows to be agreed on, from its store.
        promise: What it promised before a restart; None for a new one.
        blocks: Blocks above the tip that it kept, parents first.
        pacing: How long it waits for progress.

    Attributes:
        promise: What it promised.
        leader: The index of the leader of its view.
    """

    _may_prepare = staticmethod(may_prepare)  # simulations break them, to see whether they notice
    _may_commit = staticmethod(may_commit)

    def __init__(
        self,
        validators: ValidatorSet,
        seat: int,
        signer: Signs,
        verifier: Verifies,
        application: Application,
        *,
        first: Block,
        tip: Committed,
        promise: Promise | None = None,
        blocks: tuple[Block, ...] = (),
        pacing: Pacing | None = None,
    ) -> None:
        self.validators: Final = validators
        self.seat: Final = seat
        self.chain: Final = Chain(application, tip)
        self._application: Final = application
        self._builder: Final = Builder(application, validators, self.chain)
        begin = origin(first)
        self._voice: Final = Voice(validators, seat, signer, verifier, begin)
        self.promise = promise or Promise(view=1, high=begin)
        self.leader = validators.leader(self.promise.view)
        self._tally = Tally(validators)
        self._pacemaker: Final = Pacemaker(pacing or Pacing())
        self._proposal: Proposal | None = None  # the leader's, in this view
        self._parked: tuple[int, Proposal] | None = None  # waits for its parent, and from whom
        self._missed: Final = CatchUp(validators, seat, self.chain)
        self._own: Final[list[Vote]] = []  # counted when an input is done with, not in the middle
        self._out: list[Output] = []
        self._now = 0
        self._takers: Final[dict[type, Callable[[int, Any], str | None]]] = {
            Proposal: self._proposed,
            Vote: self._voted,
            Announce: self._certified,
            Timeout: self._given_up,
            Fetch: lambda sender, wish: self._out.extend(self._missed.answer(sender, wish)),
            Blocks: self._brought,
            Entries: self._submitted,
        }
        for block in blocks:
            self.chain.add(block)

    @property
    def view(self) -> int:
        """The view that it is in."""
        return self.promise.view

    def handle(self, what: Input, now: int) -> list[Output]:
        """Take an input; return what follows, in order.

        Args:
            what: The input.
            now: Milliseconds since the epoch, for the time in a block's header only.

        Raises:
            ForkError: A quorum certified a block that is wrong. The replica must stop.
        """
        self._now, self._out = now, []
        if type(what) is Receive:
            take = self._takers.get(type(what.message))
            flaw = take(what.sender, what.message) if take else Flaw.MALFORMED
            if flaw:
                self._out.append(Refused(what.sender, flaw))
        elif type(what) is Fired:
            self._fired(what)
        elif type(what) is Submit:
            self._submitted(self.seat, what)
        elif type(what) is Restarted:
            self._out += self._missed.ask_around()
            self._go_on()
        while self._own:
            vote = self._own.pop(0)
            if vote.view == self.promise.view:
                self._count(vote)
        return self._out

    def _promise(
        self, *blocks: Block, by: Certificate | TimeoutCertificate | None = None, **changes: object
    ) -> None:
        self.promise = msgspec.structs.replace(self.promise, **changes)
        excuse = by if isinstance(by, TimeoutCertificate) else None
        self._out.append(Persist(self.promise, blocks, excuse))

    # Views

    def _learn(self, certificate: Certificate) -> None:
        """Keep the highest certificate; it is durable with the next promise, before any vote."""
        if certificate.view > self.promise.high.view:
            self.promise = msgspec.structs.replace(self.promise, high=certificate)

    def _enter(self, entry: Certificate | TimeoutCertificate) -> None:
        """Begin the view that a checked certificate opens, unless it is over already."""
        opens = entry.view
        if isinstance(entry, TimeoutCertificate) or entry.phase == Phase.COMMIT:
            opens += 1
        if opens <= self.promise.view:
            return
        self.promise = msgspec.structs.replace(self.promise, view=opens, entry=entry)
        self.leader = self.validators.leader(opens)
        self._tally = Tally(self.validators)
        self._proposal = self._parked = None
        self._pacemaker.begin(progress=isinstance(entry, Certificate))
        self._go_on()

    def _busy(self) -> bool:
        return (
            self._application.pending()
            or self._proposal is not None
            or self._missed.wanted is not None
            or self._tally.stirred
            or self.promise.high.height > self.chain.tip.block.header.height
        )

    def _go_on(self) -> None:
        if self.leader == self.seat:
            self._propose()
        self._arm()

    def _arm(self) -> None:
        if not self._pacemaker.armed and self._busy():
            delay = self._pacemaker.arm()
            self._out.append(SetTimer(self.promise.view, self._pacemaker.attempt, delay))

    def _fired(self, timer: Fired) -> None:
        if timer.view != self.promise.view or timer.attempt != self._pacemaker.attempt:
            return
        self._pacemaker.armed = False
        if not self._busy():
            return
        if self._missed.wanted is not None:
            self._out += self._missed.ask_signer(self._missed.wanted)
        self._give_up()
        if timer.view != self.promise.view:
            return  # one with a large stake completes a quorum; the next view has its own timer
        if self._pacemaker.attempt and (waiting := self._application.waiting(RESENT)):
            self._out.append(Send(ALL, Entries(waiting)))
        self._pacemaker.attempt += 1
        self._arm()

    def _give_up(self) -> None:
        """Tell the next leaders that this view leads nowhere; twice as many each time."""
        view = self.promise.view
        self._promise(gone=view)
        said = self._voice.timeout(view, self.promise.high, self.promise.entry)
        heirs = self._pacemaker.heirs(self.validators, view)
        self._out += [Send(heir, said) for heir in heirs if heir != self.seat]
        self._tally.give_up(said)
        self._end_view()

    def _given_up(self, sender: int, said: Timeout) -> str:
        if said.view < self.promise.view:
            self._out += self._missed.help(sender, self.promise)
            return ""
        if flaw := self._voice.check_timeout(sender, said):
            return flaw
        self._learn(said.high)
        if said.entry is not None:
            self._enter(said.entry)
        if said.view != self.promise.view:
            return "" if said.view < self.promise.view else Flaw.MALFORMED
        self._tally.give_up(said)
        # Some honest one among them has given up: with it, soon a quorum.
        if self.promise.gone < said.view and self._tally.honest_gave_up:
            self._give_up()
        else:
            self._end_view()
        self._arm()
        return ""

    def _end_view(self) -> None:
        ended = self._tally.timeout_certificate()
        if ended is None or ended.view != self.promise.view:
            return
        self._enter(ended)
        if self._proposal is None:  # it leads not, or has nothing to propose: others must know
            self._out.append(Send(ALL, Announce(ended)))

    # Proposals

    def _propose(self) -> None:
        """Propose a block if there is anything to agree on and no promise against it."""
        promise = self.promise
        if max(promise.proposed, promise.agreed, promise.gone) >= promise.view:
            return
        block = self._builder.build(promise, self._now)
        if block is None:
            return
        if isinstance(block, Certificate):
            self._out += self._missed.ask_signer(block)
            return
        view, height, name = promise.view, block.header.height, block.hash
        self._promise(block, by=promise.entry, proposed=view, voted=view, voted_block=name)
        seal = self._voice.seal(view, height, name)
        self._proposal = Proposal(block, promise.high, promise.entry, seal)
        self._out.append(Send(ALL, self._proposal))
        self._send_vote(Phase.PREPARE, height, name)

    def _proposed(self, sender: int, proposal: Proposal) -> str:
        header = proposal.block.header
        if header.view < self.promise.view:
            self._out += self._missed.help(sender, self.promise)
            return ""
        if flaw := self._voice.check_proposal(proposal):
            return flaw
        if proposal.entry is not None:
            self._follow(proposal.entry)
        self._learn(proposal.justify)
        if header.view != self.promise.view:
            return ""
        if (earlier := self._proposal) is not None:
            if earlier.block.hash != header.hash:
                self._out.append(Accused(of_proposals(earlier, proposal)))
            return ""
        self._proposal = proposal
        self._arm()
        return self._consider(sender, proposal)

    def _consider(self, sender: int, proposal: Proposal) -> str:
        """Vote for the leader's block if that contradicts no promise and the block is right."""
        block, header = proposal.block, proposal.block.header
        if not self._may_prepare(self.promise, proposal):
            return "" if self.promise.gone >= header.view else Flaw.UNSAFE
        if isinstance(self.chain.path(header.parent), bytes):
            self._parked = (sender, proposal)
            self._out.append(self._missed.ask(sender, header.parent))
            return ""
        if flaw := self.chain.accept(block):
            return flaw
        self._promise(block, by=proposal.entry, voted=header.view, voted_block=header.hash)
        self._send_vote(Phase.PREPARE, header.height, header.hash)
        return ""

    # Votes and certificates

    def _send_vote(self, phase: Phase, height: int, block: bytes) -> None:
        """Send a vote that is promised already to the leader of the view."""
        vote = self._voice.vote(self.promise.view, phase, height, block)
        if self.leader == self.seat:
            self._own.append(vote)
        else:
            self._out.append(Send(self.leader, vote))

    def _voted(self, sender: int, vote: Vote) -> str:
        if vote.view != self.promise.view or self.leader != self.seat:
            return ""  # too late for a quorum: its certificate is on the way to the sender
        if flaw := self._voice.check_vote(sender, vote):
            return flaw
        if (earlier := self._tally.other(vote)) is not None:
            self._out.append(Accused(of_votes(earlier, vote)))
            return ""
        self._count(vote)
        return ""

    def _count(self, vote: Vote) -> None:
        certificate = self._tally.vote(vote)
        if certificate is not None:
            self._out.append(Send(ALL, Announce(certificate)))
            self._follow(certificate)

    def _certified(self, _: int, message: Announce) -> Flaw | None:
        flaw = self._voice.check(message.certificate)
        if flaw is None:
            self._follow(message.certificate)
        return flaw

    def _follow(self, one: Certificate | TimeoutCertificate) -> None:
        """Do what a checked certificate asks for."""
        if isinstance(one, TimeoutCertificate):
            self._enter(one)
            return
        self._learn(one)
        if one.phase == Phase.COMMIT:
            if one.height > self.chain.tip.block.header.height:
                self._out += self._missed.commit(one)
            self._enter(one)
            return
        if one.view > self.promise.view:
            self._enter(one)
        if self._may_commit(self.promise, one):
            self._promise(agreed=one.view)
            self._arm()
            self._send_vote(Phase.COMMIT, one.height, one.block)

    # Entries, and what was missed

    def _submitted(self, _: int, what: Submit | Entries) -> str:
        taken = tuple(entry for entry in what.entries if not self._application.submit(entry))
        if taken:
            if type(what) is Submit:
                self._out.append(Send(ALL, Entries(taken)))
            self._go_on()
        return ""

    def _brought(self, sender: int, found: Blocks) -> str:
        if found.certificate is not None and (flaw := self._voice.check(found.certificate)):
            return flaw
        if flaw := self._missed.take(sender, found):
            return flaw
        if found.certificate is not None:
            before = self.chain.tip.block.header.height
            self._follow(found.certificate)
            if before < self.chain.tip.block.header.height and len(found.blocks) > 1:
                self._out.append(self._missed.ask(sender, found.certificate.block))  # more?
        if self._missed.wanted is not None:
            self._out += self._missed.commit(self._missed.wanted)
        if self._parked is not None:
            (whom, proposal), self._parked = self._parked, None
            if why := self._consider(whom, proposal):
                self._out.append(Refused(whom, why))  # not for whoever brought the blocks
            return ""
        self._go_on()
        return ""
