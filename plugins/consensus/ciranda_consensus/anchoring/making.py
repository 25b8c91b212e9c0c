"""Making an anchor of a run's log."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from anyio import to_thread

from ciranda.errors import CirandaError
from ciranda.store import Log
from ciranda_consensus.audited import Anchored
from ciranda_consensus.cluster import RefusedError
from ciranda_consensus.merkle import History
from ciranda_consensus.receipts import receipt_of

from .anchor import FORMAT, Anchor
from .chain import Agrees, Held, anchors_in
from .event import links, mark_of_record
from .kept import keep_marks

__all__ = ["anchor_run"]

TRIES: Final = 5  # others may anchor the same run at the same time, and be first


async def anchor_run(log: Log, run: str, cluster: Agrees, patience: float) -> Anchored:
    """Have a run's log agreed on as far as it goes.

    A log that is as it was at its last anchor is answered with that one.

    Args:
        log: Holds it.
        run: Id of the run.
        cluster: Agrees.
        patience: Seconds without a block after which it is given up.

    Raises:
        StoreError: The log is damaged.
        RefusedError: It is empty, is not what was anchored before, or others are always first.
        TooLateError: It was not agreed on in time.
    """
    refused: CirandaError | None = None
    for _ in range(TRIES):
        before = await anchors_in(cluster, run)
        last = before[-1] if before else None
        anchor = await to_thread.run_sync(partial(_made, log, run, last))
        if anchor is None:
            assert last is not None  # the log is what it is of
            return _answer(last)
        try:
            (found,) = await cluster.commit([anchor.entry], patience)
        except RefusedError as error:
            refused = error
            continue
        return _answer(Held(anchor, receipt_of(found, anchor.entry)))
    raise RefusedError(f"the log of run {run} cannot be anchored: {refused}")


def _made(log: Log, run: str, last: Held | None) -> Anchor | None:
    """Return the next anchor; None if there is nothing new."""
    marks = [mark_of_record(one) for one in log.read(run)]
    if not marks:
        raise RefusedError(f"run {run} has no events yet, so there is nothing to anchor")
    tree = History(links(run, marks))
    root = tree.root().hex()
    if last is None:
        events = keep_marks(log, run, marks, 0, "")
        return Anchor(FORMAT, run, 0, len(marks), root, events)
    old = last.anchor
    if old.size > len(marks) or tree.root(old.size).hex() != old.root:
        raise RefusedError(
            f"the log of run {run} does not go on from its last anchor: "
            f"`ciranda consensus audit {run}` names what was changed"
        )
    if old.size == len(marks):
        return None
    events = keep_marks(log, run, marks, old.size, old.events)
    proof = tuple(one.hex() for one in tree.consistency(old.size))
    return Anchor(FORMAT, run, old.index + 1, len(marks), root, events, proof)


def _answer(held: Held) -> Anchored:
    anchor, receipt = held.anchor, held.receipt
    plain: dict[str, Any] = receipt.plain()
    header = receipt.header
    return Anchored(
        run=anchor.run,
        index=anchor.index,
        size=anchor.size,
        root=anchor.root,
        trust=receipt.trust.value,
        chain=header.chain,
        height=header.height,
        block=receipt.block,
        receipt=plain,
    )
