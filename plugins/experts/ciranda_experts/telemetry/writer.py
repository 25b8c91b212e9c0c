"""A bounded queue and the one thread that writes what is in it; whoever puts never waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, final

from ciranda.errors import StoreError

__all__ = ["Tally", "Writer"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the things put: all of them are in exactly one of these."""

    written: int
    waiting: int
    dropped: int  # the queue was full, or closed
    failed: int  # the disk did not take them

    @property
    def lost(self) -> int:
        """How many are nowhere."""
        return self.dropped + self.failed


@final
class Writer(Generic[T]):
    """Hands things to `write` in batches, from a thread of its own.

    Args:
        write: Writes a batch; what it raises means that none of it was written.
        warn: Told, once, in one sentence, that something was lost.
        limit: Things that wait at the most.
        batch: Things written at once at the most.
        delay: Seconds that a thing waits for company.
    """

    def __init__(
        self,
        write: Callable[[list[T]], None],
        warn: Callable[[str], None],
        *,
        limit: int = 10_000,
        batch: int = 512,
        delay: float = 0.25,
    ) -> None:
        self._write: Final = write
        self._warn: Final = warn
        self._limit: Final = limit
        self._batch: Final = min(batch, limit)
        self._delay: Final = delay
        self._lock: Final = threading.Lock()
        self._wake: Final = threading.Event()
        self._done: Final = threading.Condition(self._lock)
        self._waiting: Final[deque[T]] = deque()
        self._put = 0  # accepted so far
        self._finished = 0  # of these, written or failed
        self._dropped = 0
        self._failed = 0
        self._hurried = False
        self._closing = False
        self._warned = False
        self._thread: Final = threading.Thread(
            target=self._work, name="ciranda-experts-telemetry", daemon=True
        )
        self._thread.start()

    def put(self, thing: T) -> None:
        """Queue a thing, or drop and count it."""
        with self._lock:
            if self._closing or len(self._waiting) >= self._limit:
                self._dropped += 1
                return
            self._waiting.append(thing)
            self._put += 1
            full = len(self._waiting) == self._batch
        if full:
            self._wake.set()

    @property
    def tally(self) -> Tally:
        """What became of the things so far."""
        with self._lock:
            written = self._finished - self._failed
            return Tally(written, self._put - self._finished, self._dropped, self._failed)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was put before is written; tell whether that was so in `timeout` s."""
        with self._done:
            target = self._put
            self._hurried = True
            self._wake.set()
            return self._done.wait_for(lambda: self._finished >= target, timeout)

    def close(self, timeout: float = 10.0) -> Tally:
        """Write what waits, for at most `timeout` seconds, and end; closing again is nothing."""
        with self._lock:
            self._closing = True
        self._wake.set()
        self._thread.join(timeout)
        tally = self.tally
        if tally.waiting:
            self._warn_once(f"{tally.waiting:,} could not be written in {timeout:g} s")
        return tally

    def _work(self) -> None:
        while True:
            if not (self._closing or self._hurried):
                self._wake.wait(self._delay)
            with self._lock:
                # Read before the queue is empty: what was put until then is written.
                closing, self._hurried = self._closing, False
                self._wake.clear()
            while self._step():
                # Whoever judges gets the interpreter between two batches.
                time.sleep(0)
            if closing:
                return

    def _step(self) -> bool:
        with self._lock:
            count = min(self._batch, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(count)]
        if not taken:
            return False
        problem = ""
        try:
            self._write(taken)
        except StoreError as error:
            problem = str(error)
        except Exception as error:  # judging goes on, whatever it is; it is told
            problem = f"{type(error).__name__}: {error}"
        with self._done:
            self._finished += len(taken)
            self._failed += len(taken) if problem else 0
            self._done.notify_all()
        if problem:
            self._warn_once(problem)
        return True

    def _warn_once(self, problem: str) -> None:
        with self._lock:
            if self._warned:
                return
            self._warned = True
        self._warn(f"telemetry of the experts was lost ({problem}); judging goes on")
