"""A state from a peer: nothing of it is believed but what a quorum signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, final

import anyio
import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.fields import WireError
from ciranda_consensus.merkle.nodes import EMPTY, Node
from ciranda_consensus.node.channel import Channel
from ciranda_consensus.node.parts import part_of, top_of, whole
from ciranda_consensus.node.talk import (
    AskHeaders,
    AskOffer,
    AskPart,
    Declined,
    Headers,
    Offer,
    Part,
    Talk,
    say,
    understand,
)
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate, Phase, Verifies, check
from ciranda_consensus.protocol.messages import Committed
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.store import States

__all__ = ["Checkpoint", "DeclinedError", "SyncError", "Syncing", "ask", "require_agreed"]

PATIENCE: Final = 30.0  # seconds until an answer
AHEAD: Final = 4  # questions on the way at the same time
Answer = TypeVar("Answer", bound=Talk)


class SyncError(CirandaError):
    """A peer's state or history is not the one that was agreed on; the text says why."""


class DeclinedError(CirandaError):
    """A peer does not answer a question; the text says why."""


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A block that is known to be agreed on, from somebody who is trusted.

    Whoever once held the keys of many validators can sign another past, long after they stopped
    to matter. Who comes back after a long time asks somebody he trusts for a recent block.
    """

    height: int
    block: bytes

    def require(self, block: Block) -> None:
        """Refuse another block in its place.

        Raises:
            SyncError: It is another.
        """
        if block.header.height == self.height and block.hash != self.block:
            raise SyncError(
                f"block {self.height} is {block.hash.hex()[:16]} in this history and "
                f"{self.block.hex()[:16]} in the checkpoint: this history is not the agreed one"
            )


async def ask(channel: Channel, question: Talk, kind: type[Answer]) -> Answer:
    """Ask a peer one question.

    Raises:
        DeclinedError: It does not answer that.
        WireError: Its answer is none.
        HandshakeError: Its answer was tampered with.
        TimeoutError: It thinks for too long.
        anyio.EndOfStream: It is gone.
        anyio.BrokenResourceError: The connection is cut.
    """
    await channel.send(say(question))
    return await _answer(channel, kind)


async def _answer(channel: Channel, kind: type[Answer]) -> Answer:
    with anyio.fail_after(PATIENCE):
        data = await channel.receive()
    found = understand(data)
    if isinstance(found, Declined):
        raise DeclinedError(found.reason)
    if not isinstance(found, kind):
        raise WireError("an answer to another question")
    return found


def require_agreed(
    block: Block, certificate: Certificate, validators: ValidatorSet, verifier: Verifies
) -> None:
    """Refuse a block that a certificate does not agree on.

    Raises:
        SyncError: The text says why.
    """
    header = block.header
    named = (header.chain, header.epoch, header.set_hash)
    if named != (validators.chain, validators.epoch, validators.hash):
        raise SyncError(f"block {header.height} is of another chain or epoch")
    if not block.whole():
        raise SyncError(f"block {header.height} has other entries than its header says")
    if certificate.block != block.hash or certificate.phase != Phase.COMMIT:
        raise SyncError(f"the certificate is not one that agrees on block {header.height}")
    flaw = check(certificate, validators, verifier)
    if flaw is not None:
        raise SyncError(f"the certificate of block {header.height} is none: {flaw}")


@final
class Syncing:
    """Takes a state from a peer.

    Args:
        validators: Who must have signed the block.
        verifier: Checks that they did.
        states: Makes a state of a tree.
        checkpoint: What must lie in its past.
    """

    def __init__(
        self,
        validators: ValidatorSet,
        verifier: Verifies,
        states: States,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._validators: Final = validators
        self._verifier: Final = verifier
        self._states: Final = states
        self._checkpoint: Final = checkpoint

    async def take(
        self, channel: Channel, above: int, progress: Callable[[int, int], None] | None = None
    ) -> Committed:
        """Return a block that is agreed on and the state after it, all of it checked.

        Args:
            channel: To the peer, opened for asking.
            above: The height that is known already.
            progress: Is told how many parts are here, and of how many.

        Raises:
            SyncError: What the peer gives is not what was agreed on.
            DeclinedError: It gives nothing.
            WireError: It gives nonsense; so do the errors of `ask`.
        """
        offer = await ask(channel, AskOffer(above), Offer)
        self._require(offer, above)
        await self._require_past(channel, offer.block)
        wanted = [index for index, root in enumerate(offer.parts) if root != EMPTY]
        parts: list[Node | None] = [None] * len(offer.parts)
        height = offer.block.header.height
        for index in wanted[:AHEAD]:
            await channel.send(say(AskPart(height, index)))
        for done, index in enumerate(wanted):
            part = part_of((await _answer(channel, Part)).flat)
            if part is None or part.hash != offer.parts[index]:
                raise SyncError(f"part {index} of the state after block {height} is another")
            parts[index] = part
            if done + AHEAD < len(wanted):
                await channel.send(say(AskPart(height, wanted[done + AHEAD])))
            if progress is not None:
                progress(done + 1, len(wanted))
        return Committed(offer.block, offer.certificate, self._state(whole(parts), height))

    def _state(self, tree: Any, height: int) -> Any:
        try:
            return self._states.state(tree)
        except ValueError as error:
            raise SyncError(f"the state after block {height} is none: {error}") from error

    def _require(self, offer: Offer, above: int) -> None:
        block = offer.block
        require_agreed(block, offer.certificate, self._validators, self._verifier)
        height = block.header.height
        if height <= above:
            raise SyncError(f"block {height} is not above {above}, which is known already")
        if top_of(offer.parts) != block.header.state_root:
            raise SyncError(f"the parts are not those of the state after block {height}")
        if self._checkpoint is not None and height < self._checkpoint.height:
            raise SyncError(
                f"block {height} is older than the checkpoint at {self._checkpoint.height}: "
                "this peer is behind, or its history is not the agreed one"
            )

    async def _require_past(self, channel: Channel, block: Block) -> None:
        """See that the checkpoint lies in the past of a block: each names the one before."""
        point = self._checkpoint
        if point is None:
            return
        point.require(block)
        height, before = point.height, point.block
        while height < block.header.height:
            found = await ask(channel, AskHeaders(height), Headers)
            if not found.headers:
                raise SyncError(f"there is no way from the checkpoint to block {height + 1}")
            for one in found.headers:
                if (one.header.height, one.header.parent) != (height + 1, before):
                    raise SyncError(
                        f"block {one.header.height} does not stand on the checkpoint at "
                        f"{point.height}: this history is not the agreed one"
                    )
                height, before = height + 1, one.hash
                if height == block.header.height:
                    break
        if before != block.hash:
            raise SyncError(f"block {height} does not stand on the checkpoint")
