"""What a run needs of its log, whatever keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

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


class Log(Protocol):
    """Runs, their records, leases, messages and output.

    All calls are synchronous and may come from any thread. Everything that names a run raises
    RunNotFoundError if there is none, and everything raises StoreError if the store fails.

    Attributes:
        shared: Whether other processes may use it at the same time.
        folder: Where its files are; None when it is in memory.
    """

    shared: bool
    folder: Path | None

    def create_run(self, run: RunRow) -> None:
        """Add a run; StoreError if there is one of this id."""
        ...

    def run(self, named: str) -> RunRow:
        """Return the run of this id, of this unambiguous start of an id, or of "last".

        Runs that are parts of others are never the last: those are gone on with by their runs.
        """
        ...

    def runs(
        self, limit: int = 20, status: str | None = None, before: str | None = None
    ) -> list[RunRow]:
        """Return runs, newest first, those older than the run `before` if it is given."""
        ...

    def heads(self, after: int = 0, run: str | None = None) -> list[Head]:
        """Return where the logs of runs stand, in the order in which they began.

        Args:
            after: Of runs with a greater number only.
            run: Of the run with this id only, if there is one.
        """
        ...

    def set_status(self, run: str, epoch: int, status: str, finished: float | None = None) -> None:
        """Change a run's status; LeaseLostError under an old epoch."""
        ...

    def append(
        self,
        run: str,
        epoch: int,
        records: Sequence[Record],
        status: str | None = None,
        finished: float | None = None,
    ) -> None:
        """Add records, and change the run's status with them if one is given.

        All or nothing, durable on return; LeaseLostError under an old epoch.
        """
        ...

    def read(self, run: str, after: int = -1, limit: int | None = None) -> Iterator[Record]:
        """Yield records in order; StoreError at the first that is missing or damaged."""
        ...

    def record(self, run: str, seq: int) -> Record:
        """Return one record; StoreError if it is missing or damaged."""
        ...

    def examine(self, run: str) -> Iterator[Examined]:
        """Yield whatever records are there, in order, each with what is wrong with it."""
        ...

    def put_blob(self, data: bytes, run: str | None = None) -> str:
        """Store bytes and return their SHA-256 in hex.

        A blob of a run is pruned with the last run it was put for; one of none is kept.
        """
        ...

    def blob(self, digest: str) -> bytes:
        """Return a blob; StoreError if it is missing or damaged."""
        ...

    def acquire(self, run: str, owner: str, ttl: float) -> Lease:
        """Become the one writer of a run for `ttl` seconds; LeaseLostError if it is taken.

        A lease whose process is known to be gone is taken over at once.
        """
        ...

    def heartbeat(self, lease: Lease) -> None:
        """Count the lease's time from now; LeaseLostError if it was taken over."""
        ...

    def release(self, lease: Lease) -> None:
        """Give a run back; nothing happens if it was taken over."""
        ...

    def held(self, run: str) -> bool:
        """Tell whether a process executes a run; one that died does not."""
        ...

    def park(
        self,
        run: str,
        epoch: int,
        due: float | None,
        seen: int,
        records: Sequence[Record] = (),
        topics: Sequence[str] | None = None,
    ) -> None:
        """Add the records that say so, and mark a run `waiting`, all or nothing.

        It is parked until its status changes; its lease is still to be released.

        Args:
            run: Id of the run.
            epoch: The lease's; LeaseLostError under an old one.
            due: Unix time at which it goes on; None = only a message wakes it.
            seen: Id of the last message that was looked at.
            records: See `append`.
            topics: Those of the messages that wake it, besides messages without one; None = all.
        """
        ...

    def due(self, now: float) -> list[str]:
        """Return the parked runs that can go on, oldest first: nobody executes them.

        Their time has come, at `now` or before, or a message came that wakes them.
        """
        ...

    def post(self, run: str, kind: str, payload: bytes, topic: str = "") -> int:
        """Leave a message for whoever executes a run, and return its id."""
        ...

    def announce(self, kind: str, payload: bytes, topic: str = "") -> list[str]:
        """Leave a message for every run that has not ended, and for whoever listens to the store.

        All or nothing; return the ids of the runs, oldest first.
        """
        ...

    def announced(self, after: int = 0) -> list[Message]:
        """Return what was announced, with a greater id; `run` is empty."""
        ...

    def take(self, run: str, after: int = 0) -> list[Message]:
        """Return the messages with a greater id; they are not removed."""
        ...

    def forget(self, run: str, kept: int, kind: str, heard: int) -> None:
        """Remove messages that nobody will look at again, so that nothing of them can be read.

        Args:
            run: Whose they are.
            kept: Id of the last one that the run's log tells of; those before it go with it.
            kind: What is not in need of being told.
            heard: Id of the last one of that kind that was heeded.
        """
        ...

    def data_version(self) -> int:
        """Return a number that differs when there may be new messages; about 5 microseconds."""
        ...

    def append_output(self, run: str, path: str, stream: str, data: bytes) -> None:
        """Keep what a step printed: its first 512 KiB, and at most 512 KiB of its end."""
        ...

    def output(self, run: str, path: str | None = None, after: int = 0) -> list[OutputChunk]:
        """Return kept output with a greater id, in the order it was printed."""
        ...

    def cache_get(self, key: str) -> Cached | None:
        """Return a cached result, None if there is none that is sound and fresh."""
        ...

    def cache_put(
        self,
        key: str,
        payload: bytes,
        expires: float | None = None,
        label: str = "",
        parts: bytes = b"",
    ) -> None:
        """Cache a result until a unix time; the least recently used gives way."""
        ...

    def cache_last(self, label: str) -> Cached | None:
        """Return the newest cached result of a label, to tell what changed since."""
        ...

    def cache_delete_expired(self) -> int:
        """Remove expired results and return their number."""
        ...

    def durations(self, workflow: str, steps: Sequence[str]) -> dict[str, float]:
        """Return the median seconds of those steps that have a history."""
        ...

    def add_durations(self, workflow: str, seconds: Mapping[str, float]) -> None:
        """Add how long the steps of one run took."""
        ...

    def prune(self, older_than: float) -> Pruned:
        """Remove runs that finished more than so many seconds ago, and announcements as old."""
        ...

    def check(self) -> list[str]:
        """Return what is damaged, a sentence each."""
        ...

    def close(self) -> None:
        """Give up files; closing again does nothing."""
        ...
