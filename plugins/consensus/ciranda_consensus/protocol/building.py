"""A leader's block: what its header says follows from the state that it builds on."""

from __future__ import annotations

from typing import Final, final

from ciranda_consensus.merkle.history import root_of
from ciranda_consensus.protocol.application import Application
from ciranda_consensus.protocol.block import Block, Header
from ciranda_consensus.protocol.certificate import Certificate, excuse_of
from ciranda_consensus.protocol.chain import Chain
from ciranda_consensus.protocol.messages import Promise
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Builder"]


@final
class Builder:
    """Builds blocks on top of the highest certified one.

    Args:
        application: Whose entries wait.
        validators: Of the epoch.
        chain: The blocks that are known.
    """

    __slots__ = ("_application", "_chain", "_validators")

    def __init__(self, application: Application, validators: ValidatorSet, chain: Chain) -> None:
        self._application: Final = application
        self._validators: Final = validators
        self._chain: Final = chain

    def build(self, promise: Promise, now: int) -> Block | Certificate | None:
        """Return a block for the view of a promise, kept in the chain.

        None when there is nothing to agree on; the highest certificate when its block is missing.

        Args:
            promise: Of the leader: its view, the highest certificate.
            now: Milliseconds since the epoch.
        """
        high, chain = promise.high, self._chain
        open_below = high.height > chain.tip.block.header.height
        if not open_below and not self._application.pending():
            return None
        if isinstance(chain.path(high.block), bytes):
            return high
        parent, state = chain.get(high.block), chain.state(high.block)
        assert parent is not None  # the path ends there
        height = high.height + 1
        entries = self._application.propose(state, height)
        if not entries and not open_below:
            return None
        outcome = self._application.execute(state, height, entries)
        if outcome.flaw:
            raise RuntimeError(f"the application proposes what it refuses: {outcome.flaw}")
        header = Header(
            chain=self._validators.chain,
            epoch=self._validators.epoch,
            set_hash=self._validators.hash,
            height=height,
            view=promise.view,
            parent=parent.hash,
            parent_view=high.view,
            excuse=excuse_of(promise.entry),
            entries_root=root_of(entries),
            state_root=outcome.root,
            proposer=self._validators.leader(promise.view),
            time=max(now, parent.header.time),
        )
        block = Block(header, entries)
        chain.hold(block, outcome.state)
        return block
