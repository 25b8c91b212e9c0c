"""The blocks that a replica knows: the last one agreed on, and those that are not yet."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, final

from ciranda_consensus.protocol.application import Application
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate, Flaw
from ciranda_consensus.protocol.messages import Blocks, Committed

__all__ = ["Chain"]

RECENT: Final = 256  # agreed blocks at hand for peers that are behind
MOST_OPEN: Final = 1024  # blocks not agreed on
MOST_SENT: Final = 64


@final
class Chain:
    """A tree of blocks above the last one that is agreed on.

    Attributes:
        tip: The last block agreed on, its commit certificate and the state after it.
    """

    __slots__ = ("_application", "_blocks", "_recent", "_states", "tip")

    def __init__(self, application: Application, tip: Committed) -> None:
        self.tip = tip
        self._application: Final = application
        self._blocks: dict[bytes, Block] = {}
        self._states: dict[bytes, Any] = {tip.block.hash: tip.state}
        self._recent: Final[deque[Committed]] = deque([tip], maxlen=RECENT)

    def get(self, hash: bytes) -> Block | None:  # noqa: A002  (the word for it)
        """Return the tip or a block above it."""
        return self.tip.block if hash == self.tip.block.hash else self._blocks.get(hash)

    def add(self, block: Block) -> bool:
        """Keep a block above the tip; False when there are too many."""
        if block.header.height > self.tip.block.header.height and block.hash not in self._blocks:
            if len(self._blocks) >= MOST_OPEN:
                return False
            self._blocks[block.hash] = block
        return True

    def accept(self, block: Block) -> str:
        """Keep a proposed block whose path is known; return why it must not be agreed on."""
        parent = self.get(block.header.parent)
        if parent is None or block.header.time < parent.header.time:
            return Flaw.MALFORMED
        flaw = self.execute(block)
        if not flaw and not self.add(block):
            self._forget_beside(block)
        return flaw

    def _forget_beside(self, block: Block) -> None:
        """Keep only a block and what it stands on, which a quorum has prepared.

        Proposals pile up while views are in vain; who took no more of them could never vote again.
        If another one was agreed on, some honest validator that prepared and committed it has it
        still: it takes no proposal that does not stand on it.
        """
        path = self.path(block.header.parent)
        assert not isinstance(path, bytes)  # it was executed
        self._blocks = {one.hash: one for one in (*path, block)}
        known = {self.tip.block.hash, *self._blocks}
        self._states = {key: state for key, state in self._states.items() if key in known}

    def path(self, hash: bytes) -> list[Block] | bytes:  # noqa: A002
        """Return the blocks from above the tip up to this one, or the hash of one that is missing.

        A path that does not come from the tip ends at a block that will never be there.
        """
        found: list[Block] = []
        while hash != self.tip.block.hash:
            block = self._blocks.get(hash)
            if block is None:
                return hash
            found.append(block)
            hash = block.header.parent  # noqa: A001
        found.reverse()
        return found

    def execute(self, block: Block) -> str:
        """Execute a block on its parent's state, once; return why it must not be agreed on.

        Its parent and all between that and the tip must be known.
        """
        if block.hash in self._states:
            return ""
        parent = self.state(block.header.parent)
        outcome = self._application.execute(parent, block.header.height, block.entries)
        if outcome.flaw:
            return outcome.flaw
        if outcome.root != block.header.state_root:
            return "state_root"
        self._states[block.hash] = outcome.state
        return ""

    def state(self, hash: bytes) -> Any:  # noqa: A002
        """Return the state after a block, executing those below that were not."""
        if hash in self._states:
            return self._states[hash]
        path = self.path(hash)
        assert not isinstance(path, bytes)  # the caller looked
        for block in path:
            flaw = self.execute(block)
            if flaw:
                raise ForkError(block, flaw)
        return self._states[hash]

    def hold(self, block: Block, state: Any) -> None:
        """Keep a block of one's own with the state that it was made from."""
        self._blocks[block.hash] = block
        self._states[block.hash] = state

    def commit(self, certificate: Certificate) -> list[Committed] | bytes:
        """Agree on a block and all below it; return them in order, or the hash of a missing one."""
        path = self.path(certificate.block)
        if isinstance(path, bytes):
            return path
        found = []
        for block in path:
            found.append(Committed(block, certificate, self.state(block.hash)))
            self._application.committed(block.entries)
        if found:
            self.tip = found[-1]
            self._recent.extend(found)
            for block in path:
                del self._blocks[block.hash]
            above = {key: one for key, one in self._blocks.items() if self._stands_on_tip(one)}
            self._states = {
                key: state
                for key, state in self._states.items()
                if key in above or key == self.tip.block.hash
            }
            self._blocks = above
        return found

    def _stands_on_tip(self, block: Block) -> bool:
        height, tip = self.tip.block.header.height, self.tip.block.hash
        while block.header.height > height + 1:
            below = self._blocks.get(block.header.parent)
            if below is None:
                return False
            block = below
        return block.header.height == height + 1 and block.header.parent == tip

    def above(self, height: int, hash: bytes) -> Blocks | None:  # noqa: A002
        """Return blocks above a height for a peer, also those not agreed on that lead to `hash`.

        None when the first of them are no longer at hand.
        """
        agreed = [one for one in self._recent if one.block.header.height > height]
        for at in range(MOST_SENT, len(agreed)):  # its last block must have its own certificate
            if agreed[at - 1].certificate.block == agreed[at - 1].block.hash:
                del agreed[at:]
                break
        low = agreed[0].block.header.height if agreed else self.tip.block.header.height + 1
        if low > height + 1:
            return None
        blocks = [one.block for one in agreed]
        if len(blocks) < MOST_SENT:
            path = self.path(hash)
            if not isinstance(path, bytes):
                blocks += path[: MOST_SENT - len(blocks)]
        certificate = agreed[-1].certificate if agreed else None
        return Blocks(tuple(blocks), certificate)


class ForkError(RuntimeError):
    """A quorum certified a block that this replica finds wrong: more than a third are faulty.

    Attributes:
        block: The block.
        flaw: What is wrong with it.
    """

    def __init__(self, block: Block, flaw: str) -> None:
        self.block: Final = block
        self.flaw: Final = flaw
        super().__init__(f"block {block.header.height} is certified but wrong: {flaw}")
