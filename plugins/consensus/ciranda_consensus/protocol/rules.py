"""The two rules that safety rests on: what a replica may vote for, given what it promised."""

from __future__ import annotations

from ciranda_consensus.protocol.certificate import Certificate, TimeoutCertificate
from ciranda_consensus.protocol.messages import Promise, Proposal

__all__ = ["may_commit", "may_prepare"]


def may_prepare(promise: Promise, proposal: Proposal) -> bool:
    """Say whether a vote to prepare contradicts no promise.

    The block must be of the view that the replica is in and has not voted in or given up. It
    must build on a certificate at least as high as the replica's own; or a quorum must have said,
    when it gave up the view before, that none of them knows a higher one: then no block above it
    can have been agreed on, for a quorum that agreed would share an honest validator with that one.
    """
    view = proposal.block.header.view
    if view != promise.view or max(promise.voted, promise.agreed, promise.gone) >= view:
        return False
    built_on, entry = proposal.justify.view, proposal.entry
    if built_on >= promise.high.view:
        return True
    return (
        isinstance(entry, TimeoutCertificate) and entry.view == view - 1 and entry.high <= built_on
    )


def may_commit(promise: Promise, prepared: Certificate) -> bool:
    """Say whether a vote to commit a block that a quorum prepared contradicts no promise.

    It must be of the view that the replica is in and has not voted to commit in or given up. And
    the replica must not have voted to prepare another block there: so whoever votes for two blocks
    in one view, in whatever phases, is faulty, and the two votes prove it.
    """
    view = prepared.view
    if view != promise.view or promise.agreed >= view or promise.gone >= view:
        return False
    return promise.voted < view or promise.voted_block == prepared.block
