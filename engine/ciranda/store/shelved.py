"""Cached results in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, final

from ciranda.store.rows import Cached


@final
class Shelf:
    """The least recently used result gives way; not to be used by several threads at once.

    Args:
        most: Bound of the number of results.
        max_bytes: Bound of their payloads.
    """

    def __init__(self, most: int, max_bytes: int) -> None:
        self._most: Final = most
        self._max_bytes: Final = max_bytes
        self._kept: Final[OrderedDict[str, Cached]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str, now: float) -> Cached | None:
        """Return a fresh result."""
        found = self._kept.get(key)
        if found is None or (found.expires is not None and found.expires <= now):
            return None
        self._kept.move_to_end(key)
        return found

    def put(self, entry: Cached) -> None:
        """Keep a result."""
        self._drop(entry.key)
        self._kept[entry.key] = entry
        self._bytes += _size(entry)
        while self._bytes > self._max_bytes or len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def last(self, label: str) -> Cached | None:
        """Return the newest result of a label."""
        found = [entry for entry in self._kept.values() if entry.label == label]
        return max(found, key=lambda entry: entry.created, default=None)

    def delete_expired(self, now: float) -> int:
        """Remove expired results and return their number."""
        old = [
            key
            for key, entry in self._kept.items()
            if entry.expires is not None and entry.expires <= now
        ]
        for key in old:
            self._drop(key)
        return len(old)

    def _drop(self, key: str) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._bytes -= _size(entry)


def _size(entry: Cached) -> int:
    return len(entry.payload) + len(entry.parts) + len(entry.key) + len(entry.label)
