"""The run log in one SQLite file."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

from ciranda.errors import CirandaError, LeaseLostError
from ciranda.store.blobs import Blobs
from ciranda.store.cache import Cache
from ciranda.store.database import Database
from ciranda.store.durations import Durations
from ciranda.store.holders import Clock, Process
from ciranda.store.inbox import Inbox
from ciranda.store.leases import Leases
from ciranda.store.outputs import Outputs
from ciranda.store.parking import Parking
from ciranda.store.pruning import prune
from ciranda.store.records import Records
from ciranda.store.rows import (
    Cached,
    Durability,
    Examined,
    Head,
    Lease,
    Message,
    OutputChunk,
    Pruned,
    Record,
    RunRow,
)
from ciranda.store.runs import Runs
from ciranda.store.schema import APPLICATION, MIGRATIONS


@final
class SqliteLog:
    """A `Log` in `.ciranda/ciranda.db`, shared by any number of processes of one machine.

    Args:
        folder: The project's folder.
        durability: What an acknowledged record survives; OFF syncs nothing at all.
        process: This process, as it shows in leases.
        clock: The two clocks.
        vfs: Name of a registered apsw VFS, for tests.
        busy: Seconds to wait for another process's transaction.
        reading: A store that cannot be written will do, for reading.

    Raises:
        StoreError: The file cannot be opened, is a stranger's, or is of a newer schema.
    """

    def __init__(
        self,
        folder: Path,
        durability: Durability = Durability.POWER,
        *,
        process: Process | None = None,
        clock: Clock | None = None,
        vfs: str | None = None,
        busy: float = 10.0,
        reading: bool = False,
    ) -> None:
        self._database = Database(
            "ciranda",
            MIGRATIONS,
            folder=folder,
            durability=durability,
            application=APPLICATION,
            vfs=vfs,
            busy=busy,
            later=("cache.db", "key", "runs"),
            reading=reading,
        )
        self.path = self._database.path
        self.shared = True
        self.folder: Path | None = self.path.parent
        self._clock = clock or Clock()
        self._runs = Runs(self._database)
        self._blobs = Blobs(self._database)
        self._records = Records(self._database, self._runs, self._blobs)
        self._leases = Leases(self._database, self._runs, process or Process(), self._clock)
        self._parking = Parking(self._database, self._runs, self._leases)
        self._inbox = Inbox(self._database, self._runs)
        self._outputs = Outputs(self._database, self._runs)
        self._durations = Durations(self._database)
        self._cache: Cache | None = None
        self._cache_lock = threading.Lock()

    def create_run(self, run: RunRow) -> None:
        """See `Log`."""
        self._runs.create(run)

    def run(self, named: str) -> RunRow:
        """See `Log`."""
        return self._runs.find(named)

    def runs(
        self, limit: int = 20, status: str | None = None, before: str | None = None
    ) -> list[RunRow]:
        """See `Log`."""
        return self._runs.newest(limit, status, before)

    def heads(self, after: int = 0, run: str | None = None) -> list[Head]:
        """See `Log`."""
        return self._runs.heads(after, run)

    def set_status(self, run: str, epoch: int, status: str, finished: float | None = None) -> None:
        """See `Log`."""
        number = self._runs.key(run).number
        try:
            with self._database.transaction():
                self._records.require(run, epoch)
                self._database.execute(
                    "UPDATE runs SET status = ?, finished = ? WHERE number = ?",
                    (status, finished, number),
                )
                self._records.mark_tail(run)
        except LeaseLostError:
            raise self._leases.lost(run) from None

    def append(
        self,
        run: str,
        epoch: int,
        records: Sequence[Record],
        status: str | None = None,
        finished: float | None = None,
    ) -> None:
        """See `Log`."""
        if status is not None:
            with self._database.transaction():
                self.append(run, epoch, records)
                self.set_status(run, epoch, status, finished)
            return
        try:
            self._records.append(run, epoch, records)
        except LeaseLostError:
            raise self._leases.lost(run) from None

    def read(self, run: str, after: int = -1, limit: int | None = None) -> Iterator[Record]:
        """See `Log`."""
        return self._records.read(run, after, limit)

    def record(self, run: str, seq: int) -> Record:
        """See `Log`."""
        return self._records.one(run, seq)

    def examine(self, run: str) -> Iterator[Examined]:
        """See `Log`."""
        return self._records.examine(run)

    def put_blob(self, data: bytes, run: str | None = None) -> str:
        """See `Log`."""
        return self._blobs.put(data, self._runs.key(run).number if run else None).hex()

    def blob(self, digest: str) -> bytes:
        """See `Log`."""
        return self._blobs.get(digest)

    def acquire(self, run: str, owner: str, ttl: float) -> Lease:
        """See `Log`."""
        self._forget(run)  # others may have written or removed it since
        lease = self._leases.acquire(run, owner, ttl)
        self._runs.remember(run)
        return lease

    def heartbeat(self, lease: Lease) -> None:
        """See `Log`."""
        with self._database.transaction():
            self._leases.heartbeat(lease)
            self._records.mark_tail(lease.run)

    def release(self, lease: Lease) -> None:
        """See `Log`."""
        with self._database.transaction():
            if self._leases.release(lease):
                self._records.mark_tail(lease.run)
        self._forget(lease.run)

    def held(self, run: str) -> bool:
        """See `Log`."""
        return self._leases.held(run)

    def park(
        self,
        run: str,
        epoch: int,
        due: float | None,
        seen: int,
        records: Sequence[Record] = (),
        topics: Sequence[str] | None = None,
    ) -> None:
        """See `Log`."""
        try:
            with self._database.transaction():
                self._records.append(run, epoch, records)
                self._records.require(run, epoch)
                self._parking.park(run, due, seen, topics)
                self._records.mark_tail(run)
        except LeaseLostError:
            raise self._leases.lost(run) from None

    def due(self, now: float) -> list[str]:
        """See `Log`."""
        return self._parking.due(now)

    def post(self, run: str, kind: str, payload: bytes, topic: str = "") -> int:
        """See `Log`."""
        return self._inbox.post(run, kind, payload, self._clock.wall(), topic)

    def announce(self, kind: str, payload: bytes, topic: str = "") -> list[str]:
        """See `Log`."""
        return self._inbox.announce(kind, payload, self._clock.wall(), topic)

    def announced(self, after: int = 0) -> list[Message]:
        """See `Log`."""
        return self._inbox.announced(after)

    def take(self, run: str, after: int = 0) -> list[Message]:
        """See `Log`."""
        return self._inbox.take(run, after)

    def forget(self, run: str, kept: int, kind: str, heard: int) -> None:
        """See `Log`."""
        self._inbox.forget(run, kept, kind, heard)

    def data_version(self) -> int:
        """See `Log`."""
        return self._inbox.version()

    def append_output(self, run: str, path: str, stream: str, data: bytes) -> None:
        """See `Log`."""
        self._outputs.append(run, path, stream, data, self._clock.wall())

    def output(self, run: str, path: str | None = None, after: int = 0) -> list[OutputChunk]:
        """See `Log`."""
        return self._outputs.read(run, path, after)

    def cache_get(self, key: str) -> Cached | None:
        """See `Log`."""
        return self._opened_cache().get(key, self._clock.wall())

    def cache_put(
        self,
        key: str,
        payload: bytes,
        expires: float | None = None,
        label: str = "",
        parts: bytes = b"",
    ) -> None:
        """See `Log`."""
        entry = Cached(key, payload, self._clock.wall(), expires, label, parts)
        self._opened_cache().put(entry)

    def cache_last(self, label: str) -> Cached | None:
        """See `Log`."""
        return self._opened_cache().last(label)

    def cache_delete_expired(self) -> int:
        """See `Log`."""
        return self._opened_cache().delete_expired(self._clock.wall())

    def durations(self, workflow: str, steps: Sequence[str]) -> dict[str, float]:
        """See `Log`."""
        return self._durations.medians(workflow, steps)

    def add_durations(self, workflow: str, seconds: Mapping[str, float]) -> None:
        """See `Log`."""
        self._durations.add(workflow, seconds)

    def prune(self, older_than: float) -> Pruned:
        """See `Log`."""
        return prune(self._database, self._clock.wall() - older_than)

    def check(self) -> list[str]:
        """See `Log`."""
        found = self._database.check()
        if not found:  # else perhaps nobody can read them
            found += self._inbox.check()
        for row in self._runs.newest(-1):
            try:
                for _ in self._records.read(row.id, -1, None):
                    pass
            except CirandaError as error:
                found.append(str(error))
        return found

    def close(self) -> None:
        """See `Log`."""
        try:
            self._database.close()
        finally:
            if self._cache is not None:
                self._cache.close()

    def _forget(self, run: str) -> None:
        self._records.forget(run)
        self._runs.forget(run)

    def _opened_cache(self) -> Cache:
        with self._cache_lock:
            if self._cache is None:
                self._cache = Cache(self.path.parent)
            return self._cache
