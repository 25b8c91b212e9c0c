"""Events of a run's log as they are anchored: a mark each, and a chain of hashes over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

from ciranda.store import Examined, Record
from ciranda_consensus.encoding import encode

__all__ = ["Mark", "links", "mark_of", "mark_of_record", "time_of"]

_TIME: Final = Struct(">d")
_RUN: Final = b"ciranda-run-1"
_EVENT: Final = b"ciranda-event-1"


class Mark(NamedTuple):
    """All that an event says, its payload as a digest.

    Attributes:
        at: Its time, as the eight bytes of a number of seconds.
        type: Name of its type.
        version: Of the type's fields.
        digest: SHA-256 of its payload.
    """

    at: bytes
    type: str
    version: int
    digest: bytes


def mark_of_record(one: Record) -> Mark:
    """Return the mark of a record that was read, and is sound."""
    return Mark(_TIME.pack(one.at), one.type, one.version, sha256(one.payload).digest())


def mark_of(one: Examined) -> Mark:
    """Return the mark of whatever lies in a log; of what is no event it is like no event's.

    The digest of what cannot be read is empty.
    """
    at = _TIME.pack(one.at) if isinstance(one.at, float) else b""
    kind = one.type if isinstance(one.type, str) else repr(one.type)
    version = one.version if isinstance(one.version, int) else -1
    return Mark(at, kind, version, bytes.fromhex(one.digest))


def time_of(mark: Mark) -> float | None:
    """Return the time of an event in seconds since the epoch; None if it has none."""
    if len(mark.at) != _TIME.size:
        return None
    at: float = _TIME.unpack(mark.at)[0]
    return at


def links(run: str, marks: Iterable[Mark]) -> Iterator[bytes]:
    """Yield a hash for each event, which stands for it, its place, and all before it.

    Args:
        run: Id of the run.
        marks: Of its events, from the first one on.
    """
    last = sha256(_RUN + run.encode()).digest()
    for mark in marks:
        last = sha256(_EVENT + last + encode(list(mark))).digest()
        yield last
