"""The application of records: each key is used once, and the state says when and for what."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, final

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.encoding import decode, encode
from ciranda_consensus.fields import HASH_BYTES
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.pool import Item
from ciranda_consensus.state import Book, Checked, Claim, Contents, EntryError, Record, parse

from .entry import parts_of, record_key
from .proofs import proof_of, units_of

__all__ = ["RecordRules"]

_PREFIX: Final = record_key("")


class Known(msgspec.Struct, frozen=True):
    """What a record is to these rules: its key, and what it says of a proof."""

    key: str
    claim: Claim | None


@final
class RecordRules:
    """Records with keys; one that carries a proof is taken where the proof was found to hold.

    The state has, for each key that was used, the height of the block and the SHA-256 of the
    entry: that a key was *not* used can be shown as well.
    """

    __slots__ = ()

    def read(self, entry: bytes) -> Item:
        """Return a record.

        Raises:
            WireError: It is no entry, or has other fields.
            EntryError: It is one of another kind.
            RecordError: It says something else than the proof that it carries.
        """
        one = parse(entry)
        if not isinstance(one, Record):
            raise EntryError("only records are agreed on here")
        key, text = parts_of(one.data)
        proof = proof_of(text)
        claim = None if proof is None else Claim(proof, Checked(True, units_of(proof)))
        lane = sha256(record_key(key)).digest()
        return Item(entry, sha256(entry).digest(), lane, 0, 1, Known(key, claim))

    def claim(self, item: Item) -> Claim | None:
        """Return what a record says of a proof, if it carries one: that it holds."""
        known: Known = item.body
        return known.claim

    def next_nonce(self, book: Book, item: Item) -> int:
        """Return 1 if the key was used, or else 0."""
        return 0 if book.get(record_key(item.body.key)) is None else 1

    def apply(self, book: Book, item: Item, height: int) -> None:
        """Note that a key is used.

        Raises:
            EntryError: It was before.
        """
        key = item.body.key
        if self.next_nonce(book, item):
            raise EntryError(f"the key {key[:80]!r} was used before")
        book.put(record_key(key), encode([height, item.digest]))

    def close(self, book: Book, items: Sequence[Item], height: int) -> None:
        """Do nothing more."""

    def touches(self, _: Item) -> Sequence[bytes]:
        """Return nothing: records know nothing of each other."""
        return ()

    def marks(self, _: Item) -> Sequence[bytes]:
        """Return nothing: whoever uses the same key waits in the same lane."""
        return ()

    def tell(self, items: Sequence[Item], _: SparseTree, __: SparseTree) -> Contents:
        """Tell how many records carry a proof."""
        return Contents(sum(item.body.claim is not None for item in items))

    def check(self, state: SparseTree) -> None:
        """See that a state holds keys of records alone.

        Raises:
            EntryError: It holds something else.
        """
        for key, value in state.items():
            try:
                row = decode(value)
            except CirandaError:
                row = None
            good = isinstance(row, list) and [type(one) for one in row] == [int, bytes]
            if not key.startswith(_PREFIX) or not good or len(row[1]) != HASH_BYTES:
                raise EntryError(f"the state holds {key[:80]!r}, which is no record")
