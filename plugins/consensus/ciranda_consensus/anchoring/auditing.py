"""An audit: a run's log beside its anchors, of which each is checked with the set alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ciranda.store import Examined
from ciranda_consensus.audited import Audited, Fault, Kind, Seen
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.merkle import History
from ciranda_consensus.node import Genesis
from ciranda_consensus.receipts import Receipt, check_receipt

from .anchor import Anchor, AnchorError
from .chain import receipt_anchor
from .comparing import Placed, compare
from .event import Mark, links, mark_of
from .kept import Blobs, KeptError, kept_marks

__all__ = ["audit"]


def audit(
    run: str,
    found: Sequence[Examined],
    receipts: Iterable[Receipt],
    genesis: Genesis | None,
    blobs: Blobs,
) -> Audited:
    """Compare a run's log with what was agreed on of it.

    Args:
        run: Id of the run.
        found: Whatever is there of its log.
        receipts: Of its anchors; nothing that they say is believed.
        genesis: Names the validators who are believed; None if there are none, nor receipts.
        blobs: Keep the marks of the anchored events; they are not believed either.
    """
    anchors, seen, faults = ([], [], []) if genesis is None else _held(run, receipts, genesis)
    placed = [Placed(one.seq, mark_of(one)) for one in found]
    later = len(placed)
    if anchors:
        told, later = _compared(run, placed, anchors, blobs)
        faults += told
    elif not faults:
        where = "" if genesis is None else f" in {genesis.chain}"
        faults.append(Fault(Kind.UNANCHORED, f"run {run} is not anchored{where}"))
    faults += _damaged(found, faults)
    faults += _missing(found, later)
    return Audited(
        run=run,
        ok=not faults,
        events=len(placed),
        anchored=anchors[-1].size if anchors else 0,
        later=later,
        anchors=tuple(seen),
        faults=tuple(faults),
    )


def _held(
    run: str, receipts: Iterable[Receipt], genesis: Genesis
) -> tuple[list[Anchor], list[Seen], list[Fault]]:
    """Return the anchors that hold, up to the first that does not go on from the one before."""
    verifier, faults = Verifier(), []
    known: dict[int, tuple[Anchor, Seen]] = {}
    for receipt in receipts:
        checked = check_receipt(receipt, genesis, verifier)
        try:
            anchor = receipt_anchor(receipt)
        except AnchorError as error:
            faults.append(Fault(Kind.RECEIPT, str(error)))
            continue
        if not checked.valid:
            faults.append(Fault(Kind.RECEIPT, checked.message.removesuffix(".")))
        elif anchor.run != run:
            faults.append(Fault(Kind.RECEIPT, f"a receipt is of run {anchor.run}, not of {run}"))
        else:
            known[anchor.index] = anchor, Seen(
                anchor.index, anchor.size, anchor.root, checked.chain, checked.trust.value,
                checked.height, checked.block, receipt.header.time, checked.weight, checked.total,
            )  # fmt: skip
    anchors: list[Anchor] = []
    seen: list[Seen] = []
    for index in sorted(known):
        anchor, one = known[index]
        if anchors and anchor.index == anchors[-1].index + 1 and not anchor.follows(anchors[-1]):
            text = f"anchor {index} of run {run} does not go on from the one before it"
            faults.append(Fault(Kind.CONTRADICTED, text))
            break
        anchors.append(anchor)
        seen.append(one)
    return anchors, seen, faults


def _compared(
    run: str, placed: list[Placed], anchors: list[Anchor], blobs: Blobs
) -> tuple[list[Fault], int]:
    """Return what was done to the log, and how many events came after the last anchor."""
    tree = History(links(run, [one.mark for one in placed[: anchors[-1].size]]))
    good = [one.size for one in anchors if _is(tree, one)]
    until, last = max(good, default=0), anchors[-1]
    in_place = all(one.seq == at for at, one in enumerate(placed[: last.size]))
    if len(good) == len(anchors) and in_place:
        return [], len(placed) - last.size
    try:
        marks = _kept(run, last, blobs)
    except KeptError as error:
        text = (
            f"events {until} to {last.size - 1} are not all as they were anchored, and the list "
            f"that tells which is gone: {error}"
        )
        return [Fault(Kind.UNKNOWN, text)], max(len(placed) - last.size, 0)
    faults, later = compare(marks, placed)
    whole = History(links(run, marks))
    for one in anchors[:-1]:
        if not _is(whole, one):
            text = f"anchor {one.index} of run {run} is of another log than the last one"
            faults.append(Fault(Kind.CONTRADICTED, text))
    return faults, later


def _kept(run: str, anchor: Anchor, blobs: Blobs) -> list[Mark]:
    marks = kept_marks(blobs, anchor.events, anchor.size)
    if not _is(History(links(run, marks)), anchor):
        raise KeptError("the marks that are kept are not those that were anchored")
    return marks


def _is(tree: History, anchor: Anchor) -> bool:
    return len(tree) >= anchor.size and tree.root(anchor.size).hex() == anchor.root


def _damaged(found: Sequence[Examined], faults: Sequence[Fault]) -> list[Fault]:
    """Return what the store cannot read of what is not told already."""
    told = {one.seq if one.now is None else one.now for one in faults}
    return [
        Fault(Kind.DAMAGED, one.fault, one.seq, one.type if isinstance(one.type, str) else "")
        for one in found
        if one.fault and one.seq not in told
    ]


def _missing(found: Sequence[Examined], later: int) -> list[Fault]:
    """Return the gaps among events that nobody vouches for."""
    tail = found[len(found) - later :]
    before = found[-later - 1].seq if later < len(found) else -1
    faults = []
    for one in tail:
        if one.seq != before + 1:
            text = f"event {before + 1} is missing; it was not anchored"
            faults.append(Fault(Kind.DAMAGED, text, before + 1))
        before = one.seq
    return faults
