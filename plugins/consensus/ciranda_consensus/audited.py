"""What an audit says."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["Anchored", "Audited", "Fault", "Kind", "Seen"]


class Kind(StrEnum):
    """What is wrong with a log, or with its anchors."""

    CHANGED = "changed"  # the event says something else
    REMOVED = "removed"  # the event is not there any more
    INSERTED = "inserted"  # the event was not there
    MOVED = "moved"  # the event stands among others than it did
    RENUMBERED = "renumbered"  # the event has another number, and its old place is empty
    DAMAGED = "damaged"  # the store cannot read it, whoever did that
    UNKNOWN = "unknown"  # some event was changed, and what would tell which one is gone
    CONTRADICTED = "contradicted"  # an anchor does not go on from the one before it
    RECEIPT = "receipt"  # a receipt does not hold, or is no anchor of this run
    UNANCHORED = "unanchored"  # there is no anchor


class Fault(msgspec.Struct, frozen=True):
    """Something that is wrong.

    Attributes:
        kind: What.
        message: The same in a sentence.
        seq: Number of the event as it was anchored, or, of an inserted one, as it is found; None
            where it is of no one event.
        type: The event's type as it was anchored, or, of an inserted one, as it is found.
        now: Number that a moved or renumbered event has now.
    """

    kind: Kind
    message: str
    seq: int | None = None
    type: str = ""
    now: int | None = None


class Seen(msgspec.Struct, frozen=True):
    """An anchor that holds, and who vouches for it.

    Attributes:
        index: How many anchors the run had before.
        size: How many events the log had.
        root: Root of the history tree over them.
        chain: Name of the chain.
        trust: `embedded` where one process holds all keys, else `validators`.
        height: Of the block.
        block: Its hash.
        time: Of the block, in milliseconds since the epoch, as its proposer says.
        weight: Stake of those who signed, of `total`.
    """

    index: int
    size: int
    root: str
    chain: str
    trust: str
    height: int
    block: str
    time: int
    weight: int
    total: int


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a run's log is as it was anchored.

    Attributes:
        run: Id of the run.
        ok: Whether there is an anchor, and nothing is wrong.
        events: How many events there are.
        anchored: How many of them the last anchor that holds is of.
        later: How many came after it: nobody vouches for those yet.
        anchors: Those that hold, in order.
        faults: All that is wrong, in the order of the log.
    """

    run: str
    ok: bool
    events: int
    anchored: int
    later: int
    anchors: tuple[Seen, ...]
    faults: tuple[Fault, ...]


class Anchored(msgspec.Struct, frozen=True, kw_only=True):
    """A run's log, anchored.

    Attributes:
        run: Id of the run.
        index: How many anchors it had before.
        size: How many events the log has.
        root: Root of the history tree over them.
        trust: `embedded` where one process holds all keys, else `validators`.
        chain: Name of the chain.
        height: Of the block.
        block: Its hash.
        receipt: What `ciranda consensus verify` and `audit --receipt` check.
    """

    run: str
    index: int
    size: int
    root: str
    trust: str
    chain: str
    height: int
    block: str
    receipt: dict[str, Any]
