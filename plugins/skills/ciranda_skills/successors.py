"""Which skill follows which, learned from what ran: a Markov chain of first order that forgets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, final

import cachebox
import msgspec

from ciranda.store import Database

__all__ = ["Successors"]

_KEEP: Final = 0.95  # what a successor weighs still when its skill is followed once more
_MOST_SKILLS: Final = 512
_MOST_EACH: Final = 16
_MOST_STREAMS: Final = 1024
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(dict[str, float]).decode


@final
class Successors:
    """Weights of what followed each skill; any thread may use it.

    Args:
        skills: Skills whose successors are kept at the most; those used last stay.
        clock: Unix seconds.
    """

    def __init__(
        self, skills: int = _MOST_SKILLS, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._most: Final = skills
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._after: cachebox.LRUCache[str, dict[str, float]] = cachebox.LRUCache(skills)
        self._last: cachebox.LRUCache[str, str] = cachebox.LRUCache(_MOST_STREAMS)
        self._changed: set[str] = set()

    def note(self, skill: str, stream: str = "") -> None:
        """Learn that a skill ran.

        Args:
            skill: Its name.
            stream: What it followed in: the runs of one caller in their order.
        """
        with self._lock:
            before = self._last.get(stream)
            self._last[stream] = skill
            if before is None:
                return
            weights = self._after.get(before)
            weights = {name: weight * _KEEP for name, weight in (weights or {}).items()}
            weights[skill] = weights.get(skill, 0.0) + 1.0
            if len(weights) > _MOST_EACH:
                del weights[min(weights, key=weights.__getitem__)]
            self._after[before] = weights
            self._changed.add(before)

    def likely(self, skill: str, least: float = 0.3) -> list[tuple[str, float]]:
        """Return what is likely to follow, with its share of what followed lately, that first.

        Args:
            skill: Its name.
            least: Smallest share; what followed once only is not likely.
        """
        with self._lock:
            weights = self._after.get(skill) or {}
            total = sum(weights.values())
            shares = [
                (name, weight / total)
                for name, weight in weights.items()
                if weight > 1.0 and weight >= least * total
            ]
        return sorted(shares, key=lambda each: (-each[1], each[0]))

    def load(self, database: Database) -> None:
        """Take over what was learned before; what was learned since goes before it.

        Raises:
            StoreError: It cannot be read.
        """
        rows = database.query(
            "SELECT skill, body FROM successors ORDER BY used DESC LIMIT ?", [self._most]
        )
        with self._lock:
            for skill, body in reversed(rows):
                if skill not in self._after:
                    self._after[skill] = _DECODE(body)

    def save(self, database: Database) -> None:
        """Write what was learned since the last time, and drop what was not used for longest.

        Raises:
            StoreError: It cannot be written; it is kept for the next time.
        """
        with self._lock:
            changed, self._changed = self._changed, set()
            found = [(name, self._after.get(name)) for name in changed]
        rows = [(name, self._clock(), _ENCODE(row)) for name, row in found if row]
        if not rows:
            return
        try:
            with database.transaction():
                database.execute_many(
                    "INSERT INTO successors VALUES (?, ?, ?) ON CONFLICT (skill) "
                    "DO UPDATE SET used = excluded.used, body = excluded.body",
                    rows,
                )
                database.execute(
                    "DELETE FROM successors WHERE skill NOT IN "
                    "(SELECT skill FROM successors ORDER BY used DESC LIMIT ?)",
                    [self._most],
                )
        except BaseException:
            with self._lock:
                self._changed |= changed
            raise
