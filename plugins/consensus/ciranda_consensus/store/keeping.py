"""What a driver wants of a store, and a store of the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from ciranda_consensus.merkle.sparse import SparseTree
from ciranda_consensus.protocol.messages import Accused, Blocks, Committed, Persist

__all__ = ["Keeps", "Noted", "Record", "States"]


class Noted(msgspec.Struct, frozen=True):
    """Figures of a block, kept with it; `totals` are those of all blocks so far.

    `lies` are attestations that were shown to be wrong, by their SHA-256.
    """

    height: int
    figures: bytes
    totals: bytes
    lies: dict[bytes, bytes] = {}


Record: TypeAlias = Persist | Committed | Accused | Noted


class Keeps(Protocol):
    """Keeps what a replica must not lose."""

    def keep(self, records: Sequence[Record]) -> None:
        """Return when all of these are durable, in order; on an error none of them is."""

    def above(self, height: int) -> Blocks | None:
        """Return agreed blocks above a height; None if the first of them is not kept."""


class States(Protocol):
    """How states of an application are kept: each is a tree of keys and values.

    The root of the tree is the `state_root` of the header.
    """

    def tree(self, state: Any) -> SparseTree:
        """Return the tree of a state."""

    def state(self, tree: SparseTree) -> Any:
        """Return the state of a tree.

        Raises:
            ValueError: It is that of no state.
        """
