"""Watches a validator at work: what goes in and comes out, and when."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final, final

import msgspec

from ciranda_consensus.figures.contents import Contents
from ciranda_consensus.merkle.sharing import made_since
from ciranda_consensus.merkle.sparse import SparseTree
from ciranda_consensus.protocol.certificate import bits
from ciranda_consensus.protocol.messages import (
    Committed,
    Input,
    Output,
    Proposal,
    Receive,
    Refused,
    Send,
)
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.store.keeping import Noted

from .round import Round, Totals, contents_of

__all__ = ["WINDOW", "Meter"]

WINDOW: Final = 1000  # blocks that medians and shares are about
OPEN: Final = 1024  # proposals that may come to nothing
REASONS: Final = 64  # for which messages are refused, told apart


@final
class Meter:
    """Counts; nothing of it is asked for by the protocol.

    Args:
        validators: The set.
        tip: The last block that is agreed on, with its state.
        contents: Tells what a block was about.
        tree: Returns the tree of a state.
        totals: Those that were kept, as bytes; None for none.
        rounds: The figures of the last blocks, as bytes.
        clock: Tells seconds.

    Attributes:
        totals: Of all blocks.
        rounds: Of the last ones.
        refused: Messages that were not taken, by the reason.
        last: When a block was agreed on last, or this began, in seconds of the clock.
        since: Since when entries wait, None if none do.
    """

    def __init__(
        self,
        validators: ValidatorSet,
        tip: Committed,
        contents: Callable[[tuple[bytes, ...], Any, Any], Contents],
        tree: Callable[[Any], SparseTree],
        totals: bytes | None = None,
        rounds: Iterable[bytes] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._validators: Final = validators
        self._tip = tip
        self._contents: Final = contents
        self._tree: Final = tree
        self._seen: Final[OrderedDict[bytes, float]] = OrderedDict()
        self.clock: Final = clock
        self.totals: Final = (
            Totals() if totals is None else msgspec.json.decode(totals, type=Totals)
        )
        self.rounds: Final = deque(
            (msgspec.json.decode(one, type=Round) for one in rounds), maxlen=WINDOW
        )
        self.refused: Final[dict[str, int]] = {}
        self.last = clock()
        self.since: float | None = None

    def watch(self, inputs: Iterable[Input], outputs: list[Output], now: int) -> list[Noted]:
        """Learn what came in and what follows from it; return what is to be kept of it.

        Args:
            inputs: What came in.
            outputs: What follows.
            now: Milliseconds since the epoch.
        """
        for said in (*inputs, *outputs):
            if isinstance(said, Receive | Send) and isinstance(said.message, Proposal):
                self._see(said.message.block.hash)
        found = []
        for one in outputs:
            if isinstance(one, Committed):
                found.append(self._agreed(one, now))
            elif isinstance(one, Refused):
                self._refuse(str(one.reason))
        return found

    def _see(self, block: bytes) -> None:
        self._seen.setdefault(block, self.clock())
        if len(self._seen) > OPEN:
            self._seen.popitem(last=False)

    def _refuse(self, reason: str) -> None:
        if reason not in self.refused and len(self.refused) >= REASONS:
            reason = "other"
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def _agreed(self, one: Committed, now: int) -> Noted:
        header, before = one.block.header, self._tip
        seen, self.last = self._seen.pop(one.block.hash, None), self.clock()
        contents = self._contents(one.block.entries, before.state, one.state)
        round_ = Round(
            height=header.height,
            block=one.block.hash.hex(),
            view=header.view,
            views=header.view - before.block.header.view,
            proposer=header.proposer,
            participants=one.certificate.signers.bit_count(),
            stake=self._validators.weight(one.certificate.signers),
            entries=len(one.block.entries),
            proofs=contents.proofs,
            seconds=None if seen is None else round(self.last - seen, 6),
            at=now,
            nodes=made_since(self._tree(before.state), self._tree(one.state)),
            **contents_of(contents),
        )
        self._tip = one
        self.rounds.append(round_)
        self.totals.add(round_, list(bits(one.certificate.signers)))
        return Noted(
            header.height,
            msgspec.json.encode(round_),
            msgspec.json.encode(self.totals),
            {sha256(lie).digest(): lie for lie in contents.lies},
        )

    def wait(self, *, pending: bool) -> None:
        """Learn whether entries wait that could be agreed on."""
        if not pending:
            self.since = None
        elif self.since is None:
            self.since = self.clock()

    def jump(self, tip: Committed) -> None:
        """Go on from a state that came from a peer; the blocks up to it were not seen."""
        self._tip, self.last, self.since = tip, self.clock(), None

    @property
    def stalled(self) -> float:
        """For how many seconds entries have waited and nothing was agreed on."""
        return 0.0 if self.since is None else self.clock() - max(self.since, self.last)
