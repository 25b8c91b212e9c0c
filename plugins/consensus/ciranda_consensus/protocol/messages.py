"""What replicas send each other, and what goes into and comes out of one."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate, Phase, TimeoutCertificate

__all__ = [
    "ALL",
    "Accused",
    "Announce",
    "Blocks",
    "Committed",
    "Entries",
    "Fetch",
    "Fired",
    "Input",
    "Message",
    "Output",
    "Persist",
    "Promise",
    "Proposal",
    "Receive",
    "Refused",
    "Restarted",
    "Send",
    "Serve",
    "SetTimer",
    "Submit",
    "Timeout",
    "Vote",
]

ALL: Final = -1  # as a receiver: every other validator

# Between replicas


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """The leader's block for a view.

    `justify` certifies the parent; `entry` is the certificate by which the view was entered (the
    commit or the timeouts of the view before; None in the first).
    """

    block: Block
    justify: Certificate
    entry: Certificate | TimeoutCertificate | None
    signature: bytes


class Vote(msgspec.Struct, frozen=True, gc=False):
    """One validator's vote, sent to the leader of the view."""

    view: int
    phase: Phase
    height: int
    block: bytes
    signer: int
    signature: bytes


class Announce(msgspec.Struct, frozen=True, gc=False):
    """A certificate that somebody holds."""

    certificate: Certificate | TimeoutCertificate


class Timeout(msgspec.Struct, frozen=True, gc=False):
    """One validator gives up a view.

    `high` is the highest prepare certificate that it knows, `entry` the certificate by which it
    entered the view: whoever is behind comes along.
    """

    view: int
    high: Certificate
    entry: Certificate | TimeoutCertificate | None
    signer: int
    signature: bytes


class Fetch(msgspec.Struct, frozen=True, gc=False):
    """Please send the blocks above `height`, if possible on the way to `block`."""

    height: int
    block: bytes


class Blocks(msgspec.Struct, frozen=True, gc=False):
    """Blocks one above the other; `certificate`, if there is one, is a commit of the last."""

    blocks: tuple[Block, ...]
    certificate: Certificate | None


class Entries(msgspec.Struct, frozen=True, gc=False):
    """Entries that wait to be agreed on."""

    entries: tuple[bytes, ...]


Message = Proposal | Vote | Announce | Timeout | Fetch | Blocks | Entries

# Into a replica


class Receive(msgspec.Struct, frozen=True, gc=False):
    """A message came; the transport vouches for `sender`, the index of a validator."""

    sender: int
    message: Message


class Fired(msgspec.Struct, frozen=True, gc=False):
    """The time that `SetTimer` asked for has come."""

    view: int
    attempt: int


class Submit(msgspec.Struct, frozen=True, gc=False):
    """Somebody wants these entries agreed on."""

    entries: tuple[bytes, ...]


class Restarted(msgspec.Struct, frozen=True, gc=False):
    """The replica begins, for the first time or again."""


Input = Receive | Fired | Submit | Restarted

# Out of a replica


class Promise(msgspec.Struct, frozen=True):
    """What a replica must never forget, or it might contradict itself after a restart.

    Attributes:
        view: The view that it is in, and `entry` by which certificate.
        high: The highest prepare certificate that it knows, which is also its lock.
        voted: The last view in which it voted to prepare, and for which block.
        agreed: The last view in which it voted to commit.
        gone: The last view that it gave up: it votes there no more.
        proposed: The last view in which it proposed.
    """

    view: int
    high: Certificate
    entry: Certificate | TimeoutCertificate | None = None
    voted: int = 0
    voted_block: bytes = b""
    agreed: int = 0
    gone: int = 0
    proposed: int = 0


class Persist(msgspec.Struct, frozen=True):
    """To be durable before any output behind it takes effect.

    `blocks` are those that it votes for; `excuse` is the certificate of timeouts that allows the
    vote, if one does: with it the voter shows that it broke no rule, should the chain ever fork.
    """

    promise: Promise
    blocks: tuple[Block, ...] = ()
    excuse: TimeoutCertificate | None = None


class Send(msgspec.Struct, frozen=True, gc=False):
    """A message for a validator, or for all others."""

    to: int
    message: Message


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Give back `Fired(view, attempt)` in `delay` seconds, in place of any earlier timer."""

    view: int
    attempt: int
    delay: float


class Committed(msgspec.Struct, frozen=True):
    """A block is agreed on for ever, its state in place; to be kept in order of height.

    `certificate` is the commit of this block or, if it has none of its own, of a later one.
    """

    block: Block
    certificate: Certificate
    state: Any


class Serve(msgspec.Struct, frozen=True, gc=False):
    """A peer asks for agreed blocks that only the store has: those above `height`."""

    to: int
    height: int


class Accused(msgspec.Struct, frozen=True):
    """Two signed statements that one validator must not both make."""

    evidence: Any  # ciranda_consensus.protocol.evidence.Evidence


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A message was not taken, and why; the transport may hold it against its sender."""

    sender: int
    reason: str


Output = Persist | Send | SetTimer | Committed | Serve | Accused | Refused
