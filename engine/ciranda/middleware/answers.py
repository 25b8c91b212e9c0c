"""Answers that steps gave before: a bounded memory over the store's cache."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, final

import anyio
import anyio.to_thread
import msgspec
from cachebox import LRUCache

from ciranda.workflow.model import Cache

if TYPE_CHECKING:
    from ciranda.store import Cached

__all__ = ["Answer", "Answers", "Shelf"]


class Shelf(Protocol):
    """What keeps answers between processes: the cache of a log; its times are unix seconds."""

    def cache_get(self, key: str) -> Cached | None:
        """Return a sound and fresh row, or None."""

    def cache_put(
        self,
        key: str,
        payload: bytes,
        expires: float | None = None,
        label: str = "",
        parts: bytes = b"",
    ) -> None:
        """Keep a row."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value of the reader's own, and the seconds since it was kept."""

    value: Any
    age: float


@dataclass(frozen=True, slots=True)
class _Entry:
    payload: bytes
    born: float
    dies: float | None


@final
class Answers:
    """The answers of one engine.

    Values are kept encoded, so that every reader gets a copy of its own. What is `ttl` seconds
    old is gone, by the `ttl` of who kept it and by that of who asks.

    Args:
        project: Keeps answers of scope `run` and `project`; None = only in memory.
        shared: Keeps answers of scope `shared`; None = as `project`.
        clock: Monotonic seconds.
        wall: Unix seconds.
        most: Entries in memory.
        most_bytes: Bytes of keys and values in memory.
    """

    __slots__ = ("_clock", "_memory", "_most", "_most_bytes", "_shelves", "_wall", "_writers")

    def __init__(
        self,
        project: Shelf | None = None,
        shared: Shelf | None = None,
        *,
        clock: Callable[[], float] = anyio.current_time,
        wall: Callable[[], float] = time.time,
        most: int = 10_000,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        beyond = project if shared is None else shared
        self._shelves: Final = {"run": project, "project": project, "shared": beyond}
        self._clock: Final = clock
        self._wall: Final = wall
        self._most: Final = most
        self._most_bytes: Final = most_bytes
        self._memory: LRUCache[str, _Entry] = LRUCache(most_bytes, getsizeof=_size)
        # One at a time: writers queue for the file anyway, and threads are for actions.
        self._writers: Final = anyio.CapacityLimiter(1)

    def __len__(self) -> int:
        return len(self._memory)

    @property
    def bytes_in_memory(self) -> int:
        """Bytes of keys and values in memory."""
        return int(self._memory.current_size())

    def get(self, key: str, terms: Cache) -> Answer | None:
        """Return the answer kept under a key; None when there is none that is sound and fresh.

        Raises:
            StoreError: The store cannot be read.
        """
        now = self._clock()
        entry: _Entry | None = self._memory.get(key)
        if entry is not None and entry.dies is not None and entry.dies <= now:
            self._memory.pop(key, None)
            entry = None
        if entry is None:
            entry = self._fetch(key, terms.scope, now)
            if entry is None:
                return None
        age = now - entry.born
        if terms.ttl is not None and age >= terms.ttl:
            return None
        try:
            return Answer(msgspec.msgpack.decode(entry.payload), age)
        except (msgspec.DecodeError, RecursionError):
            self._memory.pop(key, None)
            return None

    def _fetch(self, key: str, scope: str, now: float) -> _Entry | None:
        shelf = self._shelves[scope]
        row = None if shelf is None else shelf.cache_get(key)
        if row is None:
            return None
        wall = self._wall()
        born = now - max(0.0, wall - row.created)
        dies = None if row.expires is None else now + (row.expires - wall)
        entry = _Entry(row.payload, born, dies)
        self._remember(key, entry)
        return entry

    def keep(self, key: str, payload: bytes, terms: Cache) -> None:
        """Keep an encoded answer in memory, if it is within the bounds."""
        now = self._clock()
        self._remember(key, _Entry(payload, now, None if terms.ttl is None else now + terms.ttl))

    def _remember(self, key: str, entry: _Entry) -> None:
        memory = self._memory
        if _size(key, entry) > self._most_bytes:
            memory.pop(key, None)
            return
        if key not in memory:
            while len(memory) >= self._most:
                memory.popitem()
        memory.insert(key, entry)

    def lasts(self, terms: Cache) -> bool:
        """Say whether answers on these terms are kept for later processes."""
        return self._shelves[terms.scope] is not None

    async def store(
        self, key: str, payload: bytes, terms: Cache, label: str = "", parts: bytes = b""
    ) -> None:
        """Keep an encoded answer for later processes; returns when it is written.

        Raises:
            StoreError: The store cannot be written.
        """
        shelf = self._shelves[terms.scope]
        if shelf is None:
            return
        expires = None if terms.ttl is None else self._wall() + terms.ttl
        await anyio.to_thread.run_sync(
            shelf.cache_put, key, payload, expires, label, parts, limiter=self._writers
        )


def _size(key: str, entry: _Entry) -> int:
    return len(key) + len(entry.payload)
