"""What a node answers those who ask it: validators that were away, and guests."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, final

import anyio
import msgspec
from anyio import to_thread

from ciranda_consensus.encoding import encode
from ciranda_consensus.figures import Figures
from ciranda_consensus.merkle.nodes import EMPTY, Node
from ciranda_consensus.merkle.sparse import SparseTree
from ciranda_consensus.node.parts import cut, flat
from ciranda_consensus.node.talk import (
    MOST_INCIDENTS,
    Agreed,
    AskBlock,
    AskEntry,
    AskFigures,
    AskHeaders,
    AskIncidents,
    AskOffer,
    AskPart,
    AskState,
    AskStatus,
    Declined,
    Handed,
    Headers,
    Incidents,
    Offer,
    Part,
    State,
    Status,
    Taken,
    Talk,
    Told,
)
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.messages import Committed, Message
from ciranda_consensus.store import States, Store
from ciranda_consensus.wire import evidence_row

__all__ = ["Answering"]

MOST_HEADERS: Final = 1024
KEPT: Final = 4  # states that are being copied
SOON: Final = 0.5  # seconds for which figures are not taken anew
FRESH: Final = 30.0  # seconds for which one state is offered to all who ask


@final
class Answering:
    """Answers questions, each by itself.

    Args:
        store: Has the blocks.
        states: Makes trees of states.
        tip: Tells the last block agreed on, with its state.
        status: Tells how the node is.
        hand: Takes entries; returns how many of them wait now.
        figures: Tells what the node counted.
        clock: Tells seconds.
    """

    def __init__(
        self,
        store: Store,
        states: States,
        tip: Callable[[], Committed],
        status: Callable[[], Status],
        hand: Callable[..., Awaitable[int]],
        clock: Callable[[], float] = time.monotonic,
        *,
        figures: Callable[[], Figures] = Figures,
    ) -> None:
        self._store: Final = store
        self._states: Final = states
        self._tip: Final = tip
        self._status: Final = status
        self._hand: Final = hand
        self._clock: Final = clock
        self._figures: Final = figures
        self._told: tuple[float, Told] | None = None
        self._copies: Final[OrderedDict[int, tuple[float, Offer, list[Node | None]]]] = (
            OrderedDict()
        )
        self._cutting: Final = anyio.Lock()  # one at a time: it reads the whole state
        self._takers: Final[dict[type, Callable[[Any], Talk]]] = {
            AskStatus: lambda _: self._status(),
            AskEntry: self._entry,
            AskBlock: self._block,
            AskHeaders: self._headers,
            AskPart: self._part,
            AskState: self._state,
            AskIncidents: lambda _: self._incidents(),
        }

    async def answer(self, question: Message | Talk) -> Talk:
        """Return the answer to a question."""
        if isinstance(question, Handed):
            return Taken(await self._hand(*question.entries))
        if isinstance(question, AskFigures):
            async with self._cutting:
                return await self._tell()
        if isinstance(question, AskOffer):
            async with self._cutting:
                return await self._offer(question)
        take = self._takers.get(type(question))
        return Declined("that is no question") if take is None else take(question)

    async def _tell(self) -> Told:
        """Return figures; who asks often gets the same ones, for they cost a look at the state."""
        now = self._clock()
        if self._told is None or now - self._told[0] >= SOON:
            figures = await to_thread.run_sync(self._figures)
            self._told = (now, Told(msgspec.json.encode(figures)))
        return self._told[1]

    def _incidents(self) -> Incidents:
        evidence = tuple(encode(evidence_row(one)) for one in self._store.evidence())
        return Incidents(evidence[-MOST_INCIDENTS:], self._store.lies()[-MOST_INCIDENTS:])

    def _entry(self, question: AskEntry) -> Talk:
        return Agreed(*(self._store.find(question.digest) or (None, None)))

    def _block(self, question: AskBlock) -> Talk:
        return Agreed(*(self._store.at(question.height or self._store.height) or (None, None)))

    def _headers(self, question: AskHeaders) -> Talk:
        height = question.height
        if height + 1 < self._store.base:
            return Declined(
                f"blocks below {self._store.base} are forgotten here: "
                "ask another, or take a newer checkpoint"
            )
        found = self._store.headers(height, MOST_HEADERS)
        return Headers(tuple(Block(header, ()) for header in found))

    async def _offer(self, question: AskOffer) -> Talk:
        above = question.height
        now, tip = self._clock(), self._tip()
        for made, offer, _ in reversed(self._copies.values()):
            if now - made < FRESH and offer.block.header.height > above:
                return offer
        height = tip.block.header.height
        if height <= above or not tip.certificate.signers:
            return Declined(f"the last block here is {height}")
        tree: SparseTree = self._states.tree(tip.state)
        parts = await to_thread.run_sync(cut, tree)
        roots = tuple(EMPTY if part is None else part.hash for part in parts)
        offer = Offer(tip.block, tip.certificate, roots)
        self._copies[height] = (now, offer, parts)
        if len(self._copies) > KEPT:
            self._copies.popitem(last=False)
        return offer

    def _part(self, question: AskPart) -> Talk:
        _, _, parts = self._copies.get(question.height, (0.0, None, []))
        if question.index >= len(parts):
            return Declined(f"there is no such part of the state after block {question.height}")
        return Part(flat(parts[question.index]))

    def _state(self, question: AskState) -> Talk:
        tip = self._tip()
        if not tip.certificate.signers:
            return Declined("nothing is agreed on yet")
        tree: SparseTree = self._states.tree(tip.state)
        values = tuple(tree.get(key) for key in question.keys)
        top = Block(tip.block.header, ())
        return State(top, tip.certificate, values, tree.prove(question.keys))
