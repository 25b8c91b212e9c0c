"""The run log in memory: for `durability: off` and for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import msgspec

from ciranda.errors import LeaseLostError, RunNotFoundError, StoreError
from ciranda.store.blobs import digest_of, no_such_blob
from ciranda.store.cache import MAX_BYTES, MAX_ROWS
from ciranda.store.durations import median, with_sample
from ciranda.store.holders import Clock, Holder, Process, describe, is_held, renewed
from ciranda.store.leases import lost
from ciranda.store.outputs import is_dropped, pieces
from ciranda.store.parking import WAITING
from ciranda.store.records import require_sequence
from ciranda.store.rows import (
    Cached,
    Examined,
    Head,
    Lease,
    Message,
    OutputChunk,
    Pruned,
    Record,
    RunRow,
)
from ciranda.store.runs import LAST, already_there, ambiguous, no_such_run
from ciranda.store.shelved import Shelf


@dataclass(slots=True)
class _Run:
    row: RunRow
    number: int
    records: list[Record] = field(default_factory=list)
    epoch: int = 0
    holder: Holder | None = None
    inbox: list[Message] = field(default_factory=list)
    outputs: list[OutputChunk] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    due: float | None = None
    seen: int = 0
    topics: Sequence[str] | None = None


@final
class MemoryLog:
    """A `Log` that ends with its process.

    Args:
        process: This process, as it shows in leases.
        clock: The two clocks.
        max_bytes: Bound of the cached payloads.
    """

    def __init__(
        self,
        *,
        process: Process | None = None,
        clock: Clock | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.shared = False
        self.folder: Path | None = None
        self._process = process or Process()
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._runs: dict[str, _Run] = {}
        self._blobs: dict[str, bytes] = {}
        self._kept: set[str] = set()
        self._cache = Shelf(MAX_ROWS, max_bytes)
        self._durations: dict[tuple[str, str], list[float]] = {}
        self._messages = self._numbers = 0
        self._announced: list[Message] = []
        self._chunks = 0

    def create_run(self, run: RunRow) -> None:
        """See `Log`."""
        with self._lock:
            if run.id in self._runs:
                raise already_there(run.id)
            self._numbers += 1
            self._runs[run.id] = _Run(run, self._numbers)

    def run(self, named: str) -> RunRow:
        """See `Log`."""
        with self._lock:
            if named == LAST:
                whole = (each.row for each in reversed(self._runs.values()))
                newest = next((row for row in whole if row.parent is None), None)
                if newest is None:
                    raise RunNotFoundError("there is no run yet: `ciranda run FILE` makes one")
                return newest
            if named in self._runs:
                return self._runs[named].row
            found = sorted(known for known in self._runs if known.startswith(named))
            if named and len(found) == 1:
                return self._runs[found[0]].row
            if found:
                raise ambiguous(named, found)
            raise no_such_run(named, list(self._runs))

    def runs(
        self, limit: int = 20, status: str | None = None, before: str | None = None
    ) -> list[RunRow]:
        """See `Log`."""
        with self._lock:
            rows = [held.row for held in self._runs.values()]
            if before:
                rows = rows[: rows.index(self._of(before).row)]
            rows = [row for row in reversed(rows) if status in {None, row.status}]
            return rows if limit < 0 else rows[:limit]

    def heads(self, after: int = 0, run: str | None = None) -> list[Head]:
        """See `Log`."""
        with self._lock:
            return [
                Head(held.number, name, held.row.status, len(held.records) - 1)
                for name, held in self._runs.items()
                if held.number > after and run in {None, name}
            ]

    def set_status(self, run: str, epoch: int, status: str, finished: float | None = None) -> None:
        """See `Log`."""
        with self._lock:
            held = self._fenced(run, epoch)
            held.row = msgspec.structs.replace(held.row, status=status, finished=finished)

    def append(
        self,
        run: str,
        epoch: int,
        records: Sequence[Record],
        status: str | None = None,
        finished: float | None = None,
    ) -> None:
        """See `Log`."""
        if not records and status is None:
            return
        with self._lock:
            held = self._of(run)
            require_sequence(run, len(held.records) - 1, records)
            self._fenced(run, epoch)
            held.records.extend(records)
            if status is not None:
                held.row = msgspec.structs.replace(held.row, status=status, finished=finished)

    def read(self, run: str, after: int = -1, limit: int | None = None) -> Iterator[Record]:
        """See `Log`."""
        with self._lock:
            records = self._of(run).records
            stop = len(records) if limit is None else min(len(records), after + 1 + limit)
            return iter(records[after + 1 : stop])

    def record(self, run: str, seq: int) -> Record:
        """See `Log`."""
        with self._lock:
            records = self._of(run).records
            if not 0 <= seq < len(records):
                raise StoreError(f"run {run} has no record {seq}")
            return records[seq]

    def examine(self, run: str) -> Iterator[Examined]:
        """See `Log`."""
        for one in self.read(run):
            digest = digest_of(one.payload).hex()
            yield Examined(one.seq, one.at, one.type, one.version, digest)

    def put_blob(self, data: bytes, run: str | None = None) -> str:
        """See `Log`."""
        digest = digest_of(data).hex()
        with self._lock:
            if run:
                self._of(run).blobs.add(digest)
            else:
                self._kept.add(digest)
            self._blobs[digest] = data
        return digest

    def blob(self, digest: str) -> bytes:
        """See `Log`."""
        with self._lock:
            if digest not in self._blobs:
                raise no_such_blob(digest)
            return self._blobs[digest]

    def acquire(self, run: str, owner: str, ttl: float) -> Lease:
        """See `Log`."""
        with self._lock:
            held = self._of(run)
            if held.holder and is_held(held.holder, self._process, self._clock):
                raise LeaseLostError(describe(run, held.holder))
            held.epoch += 1
            held.holder = self._process.hold(owner, ttl, self._clock)
            return Lease(run, owner, held.epoch, ttl)

    def heartbeat(self, lease: Lease) -> None:
        """See `Log`."""
        with self._lock:
            held = self._fenced(lease.run, lease.epoch)
            if held.holder is None:
                raise lost(lease.run, None)
            held.holder = renewed(held.holder, self._clock)

    def release(self, lease: Lease) -> None:
        """See `Log`."""
        with self._lock:
            held = self._of(lease.run)
            if held.epoch == lease.epoch:
                held.holder = None

    def held(self, run: str) -> bool:
        """See `Log`."""
        with self._lock:
            holder = self._of(run).holder
        return holder is not None and is_held(holder, self._process, self._clock)

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
        with self._lock:
            self.append(run, epoch, records, WAITING)
            held = self._of(run)
            held.due, held.seen, held.topics = due, seen, topics

    def due(self, now: float) -> list[str]:
        """See `Log`."""
        with self._lock:
            return [
                run
                for run, each in self._runs.items()
                if each.row.status == WAITING
                and ((each.due is not None and each.due <= now) or _is_called(each))
                and not self.held(run)
            ]

    def post(self, run: str, kind: str, payload: bytes, topic: str = "") -> int:
        """See `Log`."""
        with self._lock:
            return self._leave(self._of(run).inbox, run, kind, payload, topic)

    def announce(self, kind: str, payload: bytes, topic: str = "") -> list[str]:
        """See `Log`."""
        with self._lock:
            rows = [each.row for each in self._runs.values()]
            runs = [row.id for row in rows if row.status in {"running", WAITING}]
            for run in runs:
                self._leave(self._runs[run].inbox, run, kind, payload, topic)
            self._leave(self._announced, "", kind, payload, topic)
            return runs

    def announced(self, after: int = 0) -> list[Message]:
        """See `Log`."""
        with self._lock:
            return [message for message in self._announced if message.id > after]

    def take(self, run: str, after: int = 0) -> list[Message]:
        """See `Log`."""
        with self._lock:
            return [message for message in self._of(run).inbox if message.id > after]

    def forget(self, run: str, kept: int, kind: str, heard: int) -> None:
        """See `Log`."""
        with self._lock:
            inbox = self._of(run).inbox
            inbox[:] = [one for one in inbox if one.id > (heard if one.kind == kind else kept)]

    def data_version(self) -> int:
        """See `Log`."""
        return self._messages

    def append_output(self, run: str, path: str, stream: str, data: bytes) -> None:
        """See `Log`."""
        with self._lock:
            held = self._of(run)
            offset = held.ends.get(path, 0)
            end = held.ends[path] = offset + len(data)
            for start, part in pieces(data, offset):
                self._chunks += 1
                at = self._clock.wall()
                held.outputs.append(OutputChunk(self._chunks, path, stream, at, start, part))
            held.outputs = [
                chunk
                for chunk in held.outputs
                if chunk.path != path
                or not is_dropped(chunk.offset, chunk.offset + len(chunk.data), end)
            ]

    def output(self, run: str, path: str | None = None, after: int = 0) -> list[OutputChunk]:
        """See `Log`."""
        with self._lock:
            chunks = self._of(run).outputs
            return [one for one in chunks if one.id > after and path in {None, one.path}]

    def cache_get(self, key: str) -> Cached | None:
        """See `Log`."""
        with self._lock:
            return self._cache.get(key, self._clock.wall())

    def cache_put(
        self,
        key: str,
        payload: bytes,
        expires: float | None = None,
        label: str = "",
        parts: bytes = b"",
    ) -> None:
        """See `Log`."""
        with self._lock:
            self._cache.put(Cached(key, payload, self._clock.wall(), expires, label, parts))

    def cache_last(self, label: str) -> Cached | None:
        """See `Log`."""
        with self._lock:
            return self._cache.last(label)

    def cache_delete_expired(self) -> int:
        """See `Log`."""
        with self._lock:
            return self._cache.delete_expired(self._clock.wall())

    def durations(self, workflow: str, steps: Sequence[str]) -> dict[str, float]:
        """See `Log`."""
        with self._lock:
            return {
                step: median(self._durations[workflow, step])
                for step in steps
                if (workflow, step) in self._durations
            }

    def add_durations(self, workflow: str, seconds: Mapping[str, float]) -> None:
        """See `Log`."""
        with self._lock:
            for step, took in seconds.items():
                old = self._durations.get((workflow, step), [])
                self._durations[workflow, step] = with_sample(old, took)

    def prune(self, older_than: float) -> Pruned:
        """See `Log`."""
        with self._lock:
            cut = self._clock.wall() - older_than
            old = [
                held
                for held in self._runs.values()
                if held.row.finished is not None and held.row.finished < cut and held.holder is None
            ]
            for held in old:
                del self._runs[held.row.id]
            self._announced = [each for each in self._announced if each.at >= cut]
            needed = self._kept.union(*(held.blobs for held in self._runs.values()))
            unneeded = self._blobs.keys() - needed
            for digest in unneeded:
                del self._blobs[digest]
            return Pruned(len(old), sum(len(held.records) for held in old), len(unneeded))

    def check(self) -> list[str]:
        """See `Log`."""
        return []

    def close(self) -> None:
        """See `Log`."""

    def _leave(self, inbox: list[Message], run: str, kind: str, payload: bytes, topic: str) -> int:
        self._messages += 1
        inbox.append(Message(self._messages, run, kind, payload, self._clock.wall(), topic))
        return self._messages

    def _of(self, run: str) -> _Run:
        held = self._runs.get(run)
        if held is None:
            raise no_such_run(run, list(self._runs))
        return held

    def _fenced(self, run: str, epoch: int) -> _Run:
        held = self._of(run)
        if held.epoch != epoch or held.holder is None:
            raise lost(run, held.holder)
        return held


def _is_called(held: _Run) -> bool:
    return any(
        message.id > held.seen
        and (not message.topic or held.topics is None or message.topic in held.topics)
        for message in held.inbox
    )
