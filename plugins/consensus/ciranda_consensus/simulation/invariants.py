"""What must hold at every delivery, whatever goes wrong."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final, final

from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Evidence,
    Flaw,
    Phase,
    Replica,
    Signs,
    Statement,
    ValidatorSet,
    statement,
)
from ciranda_consensus.protocol.messages import (
    Announce,
    Committed,
    Message,
    Persist,
    Proposal,
    Vote,
)
from ciranda_consensus.simulation.disk import Disk
from ciranda_consensus.simulation.notes import BAD
from ciranda_consensus.simulation.oracle import Signatures

__all__ = ["Signed", "Violation", "Watch"]

_LAYOUT: Final = Layout(">BQBQ32s")
# An honest validator never sends what another has to refuse for one of these.
_NEVER: Final = frozenset(
    {Flaw.BAD_SIGNATURE, Flaw.MALFORMED, Flaw.NO_QUORUM, Flaw.UNKNOWN_SIGNER, Flaw.WRONG_LEADER}
)


class Violation(Exception):  # noqa: N818  (it is no mistake of whoever calls)
    """Something happened that must never happen; the message says what."""


@final
class Watch:
    """Looks at all that honest replicas sign, send, keep and agree on.

    Args:
        validators: The real ones, of the real quorum.
        honest: The seats of those that must keep the rules.
        oracle: Who signed what.
        first: The block that all begin with.
        forks: Whether to note two agreed blocks of one height and go on; else that is a violation.

    Attributes:
        heights: The height that each seat has agreed on.
        commits: What was agreed on, by height and hash.
        forked: The heights at which two blocks were agreed on.
        evidence: What replicas accuse others of.
    """

    def __init__(
        self,
        validators: ValidatorSet,
        honest: frozenset[int],
        oracle: Signatures,
        first: Block,
        *,
        forks: bool = False,
    ) -> None:
        count = len(validators)
        self.heights: Final = [0] * count
        self.commits: Final[dict[int, dict[bytes, Committed]]] = {}
        self.forked: Final[list[int]] = []
        self.evidence: Final[list[Evidence]] = []
        self._validators: Final = validators
        self._honest: Final = honest
        self._oracle: Final = oracle
        self._forks: Final = forks
        self._skip: Final = len(validators.prefix)
        self._origin: Final = first.hash
        self._tips: Final = [first] * count
        self._voted: Final[dict[tuple[int, int], bytes]] = {}
        self._phases: Final[set[tuple[int, int, int]]] = set()
        self._gone: Final = [0] * count
        self._proposed: Final[dict[tuple[int, int], bytes]] = {}
        self._fresh: list[tuple[int, bytes]] | None = None
        self._certified: Final[dict[int, bytes]] = {}
        self._checked: Final[set[int]] = set()
        self._keep: Final[list[Certificate]] = []  # so that no id is used again
        self._views: Final = [(0, 0)] * count

    def signs(self, seat: int, data: bytes) -> None:
        """Look at what an honest validator is about to sign."""
        kind, view, phase, _, block = _LAYOUT.unpack_from(data, self._skip)
        if kind == Statement.TIMEOUT:
            self._gone[seat] = max(self._gone[seat], view)
        elif kind == Statement.VOTE:
            if self._gone[seat] >= view:
                raise Violation(f"{seat} votes in view {view}, which it gave up")
            if self._voted.setdefault((seat, view), block) != block:
                raise Violation(f"{seat} votes for two blocks in view {view}")
            if (seat, view, phase) in self._phases:
                raise Violation(f"{seat} votes twice in view {view}, phase {phase}")
            self._phases.add((seat, view, phase))
        elif self._proposed.setdefault((seat, view), block) != block:
            raise Violation(f"{seat} proposes two blocks in view {view}")
        if self._fresh is not None:
            self._fresh.append((seat, data))

    def dies(self) -> None:
        """Expect that not all of what a validator signs next gets out."""
        self._fresh = []

    def died(self, disk: Disk) -> None:
        """Forget what was signed without being promised: nobody will ever see it."""
        promise, fresh, self._fresh = disk.promise, self._fresh, None
        for seat, data in fresh or ():
            kind, view, phase, _, _ = _LAYOUT.unpack_from(data, self._skip)
            kept = 0
            if promise is not None and kind == Statement.VOTE:
                kept = promise.voted if phase == Phase.PREPARE else promise.agreed
            elif promise is not None:
                kept = promise.gone if kind == Statement.TIMEOUT else promise.proposed
            if kept >= view:
                continue
            self._oracle.said.discard((self._validators.members[seat].public, data))
            if kind == Statement.PROPOSAL:
                self._proposed.pop((seat, view), None)
            elif kind == Statement.TIMEOUT:
                self._gone[seat] = promise.gone if promise is not None else 0
            else:
                self._phases.discard((seat, view, phase))
                if not any((seat, view, one) in self._phases for one in Phase):
                    self._voted.pop((seat, view), None)

    def sends(self, seat: int, message: Message, disk: Disk) -> None:
        """Look at what an honest validator sends."""
        if type(message) is Vote:
            promise, view = disk.promise, message.view
            kept = 0
            if promise is not None:
                kept = promise.voted if message.phase == Phase.PREPARE else promise.agreed
            if kept < view:
                raise Violation(f"{seat} sends a vote in view {view} that is not durable")
        elif type(message) is Announce:
            if type(message.certificate) is Certificate:
                self.certificate(message.certificate)
        elif type(message) is Proposal:
            self.certificate(message.justify)

    def certificate(self, one: Certificate) -> None:
        """Look at a certificate that an honest validator goes by."""
        if id(one) in self._checked:
            return
        self._checked.add(id(one))
        self._keep.append(one)
        if one.block == self._origin:
            return
        if self._certified.setdefault(one.view, one.block) != one.block and not self._forks:
            raise Violation(f"two blocks have certificates in view {one.view}")
        known = self._validators
        data = statement(known, Statement.VOTE, one.view, one.phase, one.height, one.block)
        stake = count = 0
        for seat, member in enumerate(known.members):
            if one.signers >> seat & 1:
                count += 1
                if (member.public, data) in self._oracle.said:
                    stake += member.stake
        if 3 * stake <= 2 * known.total or count != len(one.signatures):
            raise Violation(f"a certificate of view {one.view} has no quorum of signers behind it")

    def keeps(self, seat: int, replica: Replica) -> None:
        """Look at what an honest validator promises, after each change."""
        promise = replica.promise
        view, lock = self._views[seat]
        high = promise.high
        if promise.view < view or high.view < lock:
            raise Violation(f"{seat} went back from view {view}, lock {lock}")
        self._views[seat] = (promise.view, high.view)
        if id(high) not in self._checked:
            self.certificate(high)

    def promises(self, seat: int, what: Persist) -> None:
        """Look at a promise that goes with a vote to prepare: what it builds on must allow it."""
        header, high, excuse = what.blocks[0].header, what.promise.high, what.excuse
        if header.parent_view < high.view and (
            excuse is None
            or excuse.view != header.view - 1
            or excuse.high > header.parent_view
            or excuse.digest() != header.excuse
        ):
            raise Violation(f"{seat} votes against its lock in view {header.view}")

    def restarts(self, seat: int, disk: Disk) -> None:
        """Look at a validator that begins again from its disk."""
        self._tips[seat] = disk.tip.block
        self.heights[seat] = disk.tip.block.header.height
        promise = disk.promise
        self._views[seat] = (promise.view, promise.high.view) if promise is not None else (0, 0)

    def agrees(self, seat: int, what: Committed) -> None:
        """Look at a block that an honest validator takes for agreed on."""
        header, below, proof = what.block.header, self._tips[seat], what.certificate
        if header.height != below.header.height + 1 or header.parent != below.hash:
            raise Violation(f"{seat} agrees on a block that does not stand on its last one")
        if proof.phase != Phase.COMMIT or proof.height < header.height:
            raise Violation(f"{seat} agrees on block {header.height} without a certificate")
        self.certificate(proof)
        if what.state.root != header.state_root:
            raise Violation(f"the state of {seat} at {header.height} is not that of the header")
        if any(entry.startswith(BAD) for entry in what.block.entries):
            raise Violation(f"{seat} agrees on something bad at {header.height}")
        if not what.block.whole():
            raise Violation(f"the entries of block {header.height} are not those of its header")
        self._tips[seat], self.heights[seat] = what.block, header.height
        others = self.commits.setdefault(header.height, {})
        if header.hash not in others:
            others[header.hash] = what
            if len(others) > 1:
                self.forked.append(header.height)
                if not self._forks:
                    raise Violation(f"two blocks are agreed on at height {header.height}")

    def accuses(self, evidence: Evidence) -> None:
        """Look at what a replica accuses another of."""
        self.evidence.append(evidence)
        if evidence.signer in self._honest:
            raise Violation(f"the honest {evidence.signer} is accused")
        if not evidence.holds(self._validators, self._oracle):
            raise Violation(f"an accusation against {evidence.signer} proves nothing")

    def refuses(self, sender: int, reason: str) -> None:
        """Look at what an honest replica does not take."""
        if sender in self._honest and reason in _NEVER:
            raise Violation(f"a message of the honest {sender} is refused: {reason}")


@final
class Signed:
    """Signs for an honest validator under the eyes of a watch."""

    __slots__ = ("_seat", "_sign", "_watch")

    def __init__(self, handle: Signs, seat: int, watch: Watch) -> None:
        self._sign: Final = handle.sign
        self._seat: Final = seat
        self._watch: Final = watch

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""
        self._watch.signs(self._seat, data)
        return self._sign(data)
