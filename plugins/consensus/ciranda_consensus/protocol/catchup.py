"""Blocks that a replica missed: whom it asks, and what it answers those who ask."""

from __future__ import annotations

from typing import Final, final

from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate, Flaw, bits
from ciranda_consensus.protocol.chain import Chain
from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Fetch,
    Output,
    Promise,
    Send,
    Serve,
)
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["CatchUp"]

MOST_ASKED: Final = 16


@final
class CatchUp:
    """Fetches blocks into a chain; takes them only from those who were asked.

    It keeps only what leads from blocks that it has to one that it asked for or that a quorum
    agreed on. All of them are known by their hashes: nobody fills the chain with blocks of his own.

    Attributes:
        wanted: A commit certificate whose blocks are missing; None when none are.
    """

    __slots__ = ("_asked", "_chain", "_helped", "_seat", "_turn", "_validators", "wanted")

    def __init__(self, validators: ValidatorSet, seat: int, chain: Chain) -> None:
        self._validators: Final = validators
        self._seat: Final = seat
        self._chain: Final = chain
        self._asked: Final[dict[int, bytes]] = {}  # whom, and for which block
        self._helped: Final[dict[int, tuple[int, int]]] = {}  # whom: in which view, asked how often
        self._turn = 0
        self.wanted: Certificate | None = None

    def ask(self, whom: int, block: bytes) -> Send:
        """Ask one peer for what leads to a block."""
        self._asked[whom] = block
        return Send(whom, Fetch(self._chain.tip.block.header.height, block))

    def ask_signer(self, certificate: Certificate) -> list[Output]:
        """Ask one of those who signed, who must have the block; another each time."""
        signers = [seat for seat in bits(certificate.signers) if seat != self._seat]
        if not signers:
            return []
        self._turn += 1
        return [self.ask(signers[(self._seat + self._turn) % len(signers)], certificate.block)]

    def ask_around(self) -> list[Output]:
        """Ask a few others, so many that one of them is honest unless there are very many."""
        count = len(self._validators)
        few = min(self._validators.faulty + 1, MOST_ASKED, count - 1)
        tip = self._chain.tip.block.hash
        return [self.ask((self._seat + turn) % count, tip) for turn in range(1, few + 1)]

    def help(self, sender: int, promise: Promise) -> list[Output]:
        """Bring a peer that is behind into the view of a promise.

        Help may be lost, and whoever is behind goes on to ask: he gets it the first time in a view,
        the second, the fourth, the eighth; so nobody is left behind, and nobody pumps it out.
        """
        view, count = self._helped.get(sender, (0, 0))
        count = count + 1 if view == promise.view else 1
        self._helped[sender] = (promise.view, count)
        if count & count - 1:
            return []
        found: list[Output] = []
        tip, entry = self._chain.tip.certificate, promise.entry
        if entry is not None:
            found.append(Send(sender, Announce(entry)))
        if tip.signers and tip != entry:
            found.append(Send(sender, Announce(tip)))
        return found

    def commit(self, certificate: Certificate) -> list[Output]:
        """Agree on a block and those below, or ask for what is missing; return what follows."""
        found = self._chain.commit(certificate)
        if isinstance(found, bytes):
            if self.wanted is None or self.wanted.view < certificate.view:
                self.wanted = certificate
                return self.ask_signer(certificate)
            return []
        if self.wanted is not None and self.wanted.height <= certificate.height:
            self.wanted = None
        return list(found)

    def answer(self, sender: int, wish: Fetch) -> list[Output]:
        """Give a peer what it asks for, or have the store do it."""
        found = self._chain.above(wish.height, wish.block)
        if found is None:
            return [Serve(sender, wish.height)]
        return [Send(sender, found)] if found.blocks else []

    def take(self, sender: int, found: Blocks) -> Flaw | None:
        """Keep blocks that were asked for; return what is wrong with them.

        The certificate that comes with them is checked already.
        """
        asked = self._asked.pop(sender, None)
        if asked is None:
            return Flaw.UNASKED
        ends = {asked, found.certificate.block if found.certificate is not None else asked}
        named = [at for at, block in enumerate(found.blocks, 1) if block.hash in ends]
        below = None
        for block in found.blocks[: max(named, default=0)]:
            if not self._fits(block, below):
                return Flaw.MALFORMED
            below = block
            if not self._chain.add(block):
                return Flaw.FULL
        return None

    def _fits(self, block: Block, below: Block | None) -> bool:
        """Say whether a block stands on another, or on one that is known or long agreed on."""
        header, known = block.header, self._validators
        if below is not None:
            stands = header.parent == below.hash and header.height == below.header.height + 1
        else:
            height = self._chain.tip.block.header.height
            stands = header.height <= height or self._chain.get(header.parent) is not None
        return (
            stands
            and header.set_hash == known.hash
            and (header.chain, header.epoch) == (known.chain, known.epoch)
            and block.whole()
        )
