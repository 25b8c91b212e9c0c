"""The marks of anchored events, kept as blobs beside the run: they tell which event was changed.

Nobody has to believe them: each blob is addressed by its digest, the last one's digest stands in
the anchor, and the marks must give the anchor's root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from ciranda.errors import CirandaError
from ciranda_consensus.encoding import EncodingError, decode, encode
from ciranda_consensus.fields import Fields, WireError

from .event import Mark

__all__ = ["Blobs", "KeptError", "keep_marks", "kept_marks"]

AT_ONCE: Final = 10_000  # marks in a blob
_MOST_TYPE: Final = 1 << 16  # characters of the name of a type
_TIME: Final = 8


class KeptError(CirandaError):
    """The marks of a run's events are not there, or are not those that were kept."""


class Blobs(Protocol):
    """Keeps bytes by their digest; every `Log` does."""

    def put_blob(self, data: bytes, run: str | None = None) -> str:
        """Store bytes and return their SHA-256 in hex."""

    def blob(self, digest: str) -> bytes:
        """Return bytes; StoreError if they are missing or damaged."""


def keep_marks(blobs: Blobs, run: str, marks: Sequence[Mark], first: int, before: str) -> str:
    """Keep the marks of a run's events from `first` on; return the digest of the last blob.

    Args:
        blobs: Where.
        run: Id of the run, with which they are pruned.
        marks: Of all its events.
        first: The first one that is not kept yet.
        before: Digest of the blob that holds those before it; "" if there are none.
    """
    for start in range(first, len(marks), AT_ONCE):
        rows = [list(one) for one in marks[start : start + AT_ONCE]]
        before = blobs.put_blob(encode([before, start, rows]), run)
    return before


def kept_marks(blobs: Blobs, digest: str, size: int) -> list[Mark]:
    """Return the marks of a run's first events.

    Args:
        blobs: Where they are kept.
        digest: Of the last blob.
        size: How many there are.

    Raises:
        KeptError: They are not there, or not those.
    """
    found: list[Mark] = []
    until = size
    while until:
        try:
            row = Fields(decode(blobs.blob(digest)), "a list of marks")
            digest, first = row.text(64), row.number()
            marks = row.items(AT_ONCE, _mark)
            row.end()
        except (CirandaError, WireError, EncodingError) as error:
            raise KeptError(str(error)) from error
        if not marks or first + len(marks) != until:
            raise KeptError(f"the marks from {first} on are not {until - first}")
        found[:0] = marks
        until = first
    return found


def _mark(row: Any) -> Mark:
    fields = Fields(row, "a mark")
    at, kind = fields.raw(_TIME), fields.text(_MOST_TYPE)
    version = fields.take()
    if type(version) is not int:
        raise WireError("the version of a mark is no number")
    found = Mark(at, kind, version, fields.hash())
    fields.end()
    return found
