"""The application without values: records are agreed on, each once, and that is all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from ciranda_consensus.encoding import decode, encode
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.pool import Item, digest_of

from .book import Book, EntryError
from .claims import Claim
from .records import entry_key
from .transactions import Record, parse

__all__ = ["JournalRules"]

_PREFIX: Final = entry_key(b"")


@final
class JournalRules:
    """Records of plain data; the state says of each at which height it was agreed on."""

    __slots__ = ()

    def read(self, entry: bytes) -> Item:
        """Return a record.

        Raises:
            WireError: It is no entry.
            EntryError: It is one of another kind.
        """
        one = parse(entry)
        if not isinstance(one, Record):
            raise EntryError("only records are agreed on here")
        digest = digest_of(entry)
        return Item(entry, digest, digest, 0, 1, one)

    def claim(self, _: Item) -> Claim | None:
        """Return None: a record says nothing of proofs."""

    def next_nonce(self, book: Book, item: Item) -> int:
        """Return 1 if a record was agreed on, or else 0."""
        return 0 if book.get(entry_key(item.digest)) is None else 1

    def apply(self, book: Book, item: Item, height: int) -> None:
        """Note at which height a record was agreed on.

        Raises:
            EntryError: It was before.
        """
        if self.next_nonce(book, item):
            raise EntryError("the record was agreed on before")
        book.put(entry_key(item.digest), encode(height))

    def close(self, book: Book, items: Sequence[Item], height: int) -> None:
        """Do nothing more."""

    def touches(self, _: Item) -> Sequence[bytes]:
        """Return nothing: records know nothing of each other."""
        return ()

    def marks(self, _: Item) -> Sequence[bytes]:
        """Return nothing: only the same record excludes a record."""
        return ()

    def check(self, state: SparseTree) -> None:
        """See that a state holds heights of records alone.

        Raises:
            EntryError: It holds something else.
            EncodingError: A value is no canonical data.
        """
        for key, value in state.items():
            height = decode(value)
            if not key.startswith(_PREFIX) or type(height) is not int:
                raise EntryError(f"the state holds {key!r}, which is no record")
