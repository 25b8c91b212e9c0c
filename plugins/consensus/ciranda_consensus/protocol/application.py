"""What is agreed on, as far as the protocol has to know."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

__all__ = ["Application", "Outcome"]


class Outcome(NamedTuple):
    """What the entries of a block make of a state.

    Attributes:
        state: The state after them; never changed in place.
        root: What the header says of it.
        flaw: Why the block must not be agreed on; "" if it may.
    """

    state: Any
    root: bytes
    flaw: str = ""


class Application(Protocol):
    """A deterministic state machine: the same entries on the same state give the same state.

    Its pool of waiting entries is its own affair and no part of the state.
    """

    def submit(self, entry: bytes) -> str:
        """Take an entry into the pool; return why not, or "" if it is in."""

    def pending(self) -> bool:
        """Say whether entries wait."""

    def waiting(self, most: int) -> tuple[bytes, ...]:
        """Return up to `most` waiting entries, for those who may not have heard of them."""

    def propose(self, state: Any, height: int) -> tuple[bytes, ...]:
        """Return entries from the pool that fit on a state, in order; they stay in the pool."""

    def execute(self, state: Any, height: int, entries: tuple[bytes, ...]) -> Outcome:
        """Apply entries to a state."""

    def committed(self, entries: tuple[bytes, ...]) -> None:
        """Forget entries that are agreed on."""
