"""Counts in memory, and the one thread that adds them to the file; whoever counts never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from ciranda.errors import StoreError
from ciranda.store import Database, Durability

from ..running import Ran
from .counts import Report, add
from .history import FILE, MIGRATIONS, MOST, add_report

__all__ = ["Recorder"]


@final
class Recorder:
    """Counts runs; one an engine.

    Counts can be added up, so nothing is ever dropped: what the disk does not take waits in
    memory, which is bounded by the number of skills that are told apart.

    Args:
        folder: The project's.
        warn: Told, once, in one sentence, that the file cannot be written.
        begin: Reads what else is kept in the file, when it is first opened.
        also: Writes what else is kept in the file, from the same thread.
        delay: Seconds between two writes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        warn: Callable[[str], None],
        begin: Callable[[Database], None] | None = None,
        also: Callable[[Database], None] | None = None,
        delay: float = 1.0,
    ) -> None:
        self._folder: Final = folder
        self._warn: Final = warn
        self._begin: Final = begin
        self._also: Final = also
        self._delay: Final = delay
        self._lock: Final = threading.Lock()
        self._wake: Final = threading.Event()
        self._written: Final = threading.Condition(self._lock)
        self._report = Report()
        self._asked = self._served = 0  # flushes
        self._closing = self._warned = False
        self._thread: threading.Thread | None = None

    def note(self, ran: Ran) -> None:
        """Count a run; the `observe` of a `Runner`."""
        with self._counting():
            counts = self._report.of(ran.skill, MOST)
            counts.ran(ran.outcome.status.value, ran.found, ran.seconds)

    def cached(self, skill: str, *, hit: bool) -> None:
        """Count a step of a skill that has a cache, as the engine's events tell of it."""
        with self._counting():
            counts = self._report.of(skill, MOST)
            if hit:
                counts.hits += 1
            else:
                counts.misses += 1

    def add(self, meter: str, count: int = 1) -> None:
        """Add to a meter."""
        with self._counting():
            add(self._report.meters, {meter: count})

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was counted before was written; tell whether that was in time."""
        with self._written:
            if self._thread is None:
                return True
            self._asked += 1
            target = self._asked
            self._wake.set()
            return self._written.wait_for(lambda: self._served >= target, timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Write what was counted, and end; closing again does nothing."""
        with self._lock:
            self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _counting(self) -> threading.Lock:
        """Return the lock to count under; the first that counts starts the thread."""
        if self._thread is None:
            with self._lock:
                self._start()
        return self._lock

    def _start(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(
                target=self._work, name="ciranda-skills-figures", daemon=True
            )
            self._thread.start()

    def _work(self) -> None:
        database: Database | None = None
        closing = False
        while not closing:
            self._wake.wait(self._delay)
            self._wake.clear()
            with self._lock:
                closing, asked = self._closing, self._asked
                taken, self._report = self._report, Report()
            database = self._write(database, taken)
            with self._written:
                self._served = asked
                self._written.notify_all()
        if database is not None:
            try:
                database.close()
            except StoreError as error:
                self._warn_once(error)

    def _write(self, database: Database | None, taken: Report) -> Database | None:
        if not (taken.skills or taken.meters):
            return database
        try:
            if database is None:
                database = Database(
                    FILE, MIGRATIONS, folder=self._folder, durability=Durability.PROCESS
                )
                if self._begin is not None:
                    self._begin(database)
            add_report(database, taken)
            taken = Report()
            if self._also is not None:
                self._also(database)
        except StoreError as error:
            with self._lock:
                self._report.merge(taken, MOST)
            self._warn_once(error)
        return database

    def _warn_once(self, error: StoreError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"figures of skills are not kept ({error}); skills go on")
