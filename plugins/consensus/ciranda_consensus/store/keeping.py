"""What a driver wants of a store, and a store of the application."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from ciranda_consensus.protocol.messages import Accused, Blocks, Committed, Persist

__all__ = ["Keeps", "Record", "States"]

Record: TypeAlias = Persist | Committed | Accused


class Keeps(Protocol):
    """Keeps what a replica must not lose."""

    def keep(self, records: Sequence[Record]) -> None:
        """Return when all of these are durable, in order; on an error none of them is."""

    def above(self, height: int) -> Blocks | None:
        """Return agreed blocks above a height; None if the first of them is not kept."""


class States(Protocol):
    """How states of an application become rows of keys and values, and back."""

    def changes(self, before: Any, after: Any) -> Iterable[tuple[bytes, bytes | None]]:
        """Return the keys whose values differ, with the new value; None where there is none.

        `before` is None for a state that held nothing.
        """

    def restore(self, rows: Iterable[tuple[bytes, bytes]]) -> Any:
        """Return the state of rows.

        Raises:
            ValueError: They are those of no state.
        """

    def root(self, state: Any) -> bytes:
        """Return what a header says of a state."""
