"""An application for simulations: a set of notes, none of them twice."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple, final

from ciranda_consensus.protocol import Outcome

__all__ = ["BAD", "Noted", "Notes"]

BAD: Final = b"!"  # what begins so must never be agreed on
IN_BLOCK: Final = 3


class Noted(NamedTuple):
    """The notes that are agreed on, and the root that names them in their order."""

    root: bytes = bytes(32)
    notes: frozenset[bytes] = frozenset()


@final
class Notes:
    """Notes that wait, and how they become agreed ones.

    Args:
        start: What is agreed on already.
        executions: Outcomes that others computed from the same input; shared in a simulation.
        in_block: The most notes that a leader proposes at once.
    """

    __slots__ = ("_done", "_executions", "_in_block", "_pool")

    def __init__(
        self,
        start: Noted,
        executions: dict[tuple[bytes, tuple[bytes, ...]], Outcome],
        in_block: int = IN_BLOCK,
    ) -> None:
        self._pool: Final[dict[bytes, None]] = {}
        self._done: Final = set(start.notes)
        self._executions: Final = executions
        self._in_block: Final = in_block

    def submit(self, entry: bytes) -> str:
        """Take a note into the pool."""
        if entry in self._pool or entry in self._done:
            return "known"
        if entry.startswith(BAD):
            return "bad"
        self._pool[entry] = None
        return ""

    def pending(self) -> bool:
        """Say whether notes wait."""
        return bool(self._pool)

    def waiting(self, most: int) -> tuple[bytes, ...]:
        """Return the first that wait."""
        return tuple(self._pool)[:most]

    def propose(self, state: Noted, height: int) -> tuple[bytes, ...]:
        """Return notes that are not in a state."""
        found: list[bytes] = []
        for entry in self._pool:
            if entry not in state.notes:
                found.append(entry)
                if len(found) == self._in_block:
                    break
        return tuple(found)

    def execute(self, state: Noted, height: int, entries: tuple[bytes, ...]) -> Outcome:
        """Add notes to a state, unless one is bad or there already."""
        if not entries:
            return Outcome(state, state.root)
        key = (state.root, entries)
        found = self._executions.get(key)
        if found is None:
            found = self._executions[key] = _execute(state, entries)
        return found

    def committed(self, entries: tuple[bytes, ...]) -> None:
        """Forget notes that are agreed on."""
        for entry in entries:
            self._pool.pop(entry, None)
            self._done.add(entry)


def _execute(state: Noted, entries: tuple[bytes, ...]) -> Outcome:
    fresh = frozenset(entries)
    if len(fresh) < len(entries) or fresh & state.notes:
        return Outcome(None, b"", "twice")
    if any(entry.startswith(BAD) for entry in entries):
        return Outcome(None, b"", "bad")
    digest = sha256(state.root)
    for entry in entries:
        digest.update(sha256(entry).digest())
    after = Noted(digest.digest(), state.notes | fresh)
    return Outcome(after, after.root)
