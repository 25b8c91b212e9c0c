"""An anchor: what is agreed on of a run's log, as a record under a key of its own."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.merkle import verify_consistency
from ciranda_consensus.records import entry_of, json_of

__all__ = ["FORMAT", "Anchor", "AnchorError", "key_of_anchor", "read_anchor"]

FORMAT: Final = "ciranda-anchor-1"
_DIGITS: Final = 64


class AnchorError(CirandaError):
    """A record is no anchor; the text says why."""


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a run's log was.

    Attributes:
        format: Of the anchor.
        run: Id of the run.
        index: How many anchors it had before.
        size: How many events the log had.
        root: Root of the history tree over the chain of hashes of these events.
        events: SHA-256 of the list of the events' marks, which the store keeps with the run.
        consistency: Shows that the log of the anchor before is a beginning of this one.
    """

    format: str
    run: str
    index: int
    size: int
    root: str
    events: str
    consistency: tuple[str, ...] = ()

    @property
    def entry(self) -> bytes:
        """The entry that is agreed on."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return entry_of(key_of_anchor(self.run, self.index), json_of(plain))

    def follows(self, before: Anchor) -> bool:
        """Say whether it is the next one of the same log, with more events at the end."""
        return (self.run, self.index) == (before.run, before.index + 1) and verify_consistency(
            bytes.fromhex(before.root),
            before.size,
            bytes.fromhex(self.root),
            self.size,
            [bytes.fromhex(one) for one in self.consistency],
        )


def key_of_anchor(run: str, index: int) -> str:
    """Return the key of a run's anchor."""
    return f"anchor/{run}/{index}"


def read_anchor(key: str, text: str) -> Anchor:
    """Return the anchor of a record.

    Args:
        key: The record's key.
        text: Its JSON.

    Raises:
        AnchorError: It is none.
    """
    try:
        found = msgspec.json.decode(text, type=Anchor)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise AnchorError(f"the record {key[:80]!r} is no anchor: {error}") from None
    hashes = (found.root, found.events, *found.consistency)
    if found.format != FORMAT or found.size < 1 or found.index < 0 or not all(map(_hash, hashes)):
        raise AnchorError(f"the record {key[:80]!r} is no anchor that this version reads")
    if key_of_anchor(found.run, found.index) != key:
        raise AnchorError(f"the record {key[:80]!r} is an anchor of another run, or another one")
    return found


def _hash(text: str) -> bool:
    return len(text) == _DIGITS and all(one in "0123456789abcdef" for one in text)
