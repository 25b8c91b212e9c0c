"""What a node agrees on, as far as it has to know."""

from __future__ import annotations

from typing import Any, Protocol

from ciranda_consensus.protocol.application import Application
from ciranda_consensus.store import States

__all__ = ["Machine"]


class Machine(Application, States, Protocol):
    """An application whose states are trees, and which knows with which one to begin."""

    def begin(self) -> Any:
        """Return the state of the first block."""
