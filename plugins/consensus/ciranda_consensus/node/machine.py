"""What a node agrees on, as far as it has to know."""

from __future__ import annotations

from typing import Any, Protocol

from ciranda_consensus.figures.contents import Contents
from ciranda_consensus.protocol.application import Application
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.store import States

__all__ = ["Subject", "Working"]


class Working(Application, Protocol):
    """An application at work, which can go on from a state that came from elsewhere."""

    def adopt(self, state: Any, height: int) -> None:
        """Go on from the state after the block of a height."""

    def contents(self, entries: tuple[bytes, ...], before: Any, after: Any) -> Contents:
        """Tell what a block that was agreed on was about."""

    def gauges(self) -> dict[str, int]:
        """Tell how much waits and how much was saved, by name."""


class Subject(Protocol):
    """What is agreed on: with which state it begins, and what becomes of states."""

    @property
    def states(self) -> States:
        """Makes trees of states."""

    @property
    def strange(self) -> str:
        """Why proofs cannot be checked here as the epoch wants it; "" if they can."""

    def begin(self) -> Any:
        """Return the state of the first block."""

    def start(self, state: Any, height: int) -> Working:
        """Return the application, at the state after the block of a height; called once."""

    def accuse(self, evidence: Evidence) -> tuple[bytes, ...]:
        """Return entries that have somebody punished; none where nobody is."""

    async def inspect(self, entries: tuple[bytes, ...]) -> bool:
        """Look into entries for as long as it takes; say whether a vote for them can be right.

        Called before the application sees entries that are not agreed on, while the messages of
        the same sender wait; those of others do not.
        """
