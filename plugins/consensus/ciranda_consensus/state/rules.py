"""What an application has to say of its entries; all else of it is the same for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ciranda_consensus.figures.contents import Contents
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.pool import Item

from .book import Book
from .claims import Claim

__all__ = ["Rules"]


class Rules(Protocol):
    """How entries change a state; the same entries on the same state always in the same way."""

    def read(self, entry: bytes) -> Item:
        """Return an entry whose form and signature are good.

        Raises:
            CirandaError: They are not.
        """

    def claim(self, item: Item) -> Claim | None:
        """Return what an entry says of a proof, if it does."""

    def next_nonce(self, book: Book, item: Item) -> int:
        """Return the nonce that comes next in the entry's lane."""

    def apply(self, book: Book, item: Item, height: int) -> None:
        """Apply an entry.

        Raises:
            CirandaError: It does not fit on the state; the book is to be dropped.
        """

    def close(self, book: Book, items: Sequence[Item], height: int) -> None:
        """Do what follows from all entries of a block together."""

    def touches(self, item: Item) -> Sequence[bytes]:
        """Return the lanes of others that an entry may have made impossible."""

    def marks(self, item: Item) -> Sequence[bytes]:
        """Return what only one entry of any lane can set, such as that an output is spent."""

    def tell(self, items: Sequence[Item], before: SparseTree, after: SparseTree) -> Contents:
        """Tell what a block was about that lies between two states."""

    def check(self, state: SparseTree) -> None:
        """See that a state is one that these rules can have made.

        Raises:
            CirandaError: It is none.
            ValueError: So do records of no kind.
        """
