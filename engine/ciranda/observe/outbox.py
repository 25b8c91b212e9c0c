"""A bounded queue to an exporter that may be slow, broken or gone; the run never waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

__all__ = ["Delivery", "Outbox"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the spans: those that arrived and those that did not."""

    sent: int
    lost: int

    @property
    def complete(self) -> bool:
        """Whether everything arrived."""
        return not self.lost


@final
class Outbox:
    """Hands things to `deliver` in batches, from a thread of its own.

    Args:
        deliver: Sends a batch and returns the number of spans in it; what it raises means that
            the batch is lost.
        warn: Told, once, in one sentence, that spans were lost.
        limit: Things that wait at the most; later ones are dropped and counted.
        batch: Things sent at once at the most.
        delay: Seconds that a thing waits for company.
        finish: Called by the thread, once, when everything was sent.
        late: What is told when there is no time for the rest.
    """

    def __init__(
        self,
        deliver: Callable[[list[Any]], int],
        warn: Callable[[str], None],
        *,
        limit: int = 65536,
        batch: int = 512,
        delay: float = 1.0,
        finish: Callable[[], None] | None = None,
        late: str = "the endpoint does not take them in time",
    ) -> None:
        self._deliver: Final = deliver
        self._warn: Final = warn
        self._limit: Final = max(1, limit)
        self._batch: Final = max(1, min(batch, limit))
        self._delay: Final = delay
        self._finish: Final = finish
        self._late: Final = late
        self._waiting: Final[deque[tuple[Any, int]]] = deque()
        self._wake: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._abandoned = False
        self._under_way = 0  # spans in the batch that is being sent
        self._sent = 0
        self._lost = 0
        self._warned = False

    def put(self, thing: Any, spans: int = 1) -> None:
        """Queue something that is worth so many spans, or drop it; never blocks."""
        if len(self._waiting) >= self._limit or self._closing:
            with self._lock:
                self._lost += spans
            return
        self._waiting.append((thing, spans))
        if self._thread is None:
            with self._lock:  # plugins' spans end in any thread
                self._start()
        if len(self._waiting) >= self._batch and not self._wake.is_set():
            self._wake.set()

    @property
    def delivery(self) -> Delivery:
        """What became of the spans so far; those that wait are in neither count."""
        with self._lock:
            return Delivery(self._sent, self._lost)

    def hasten(self) -> None:
        """Take nothing more, and send at once what waits; nobody waits for it here."""
        self._closing = True
        self._wake.set()
        if self._finish is not None:
            with self._lock:
                self._start()

    def close(self, timeout: float = 2.0) -> Delivery:
        """Send what waits, for at most `timeout` seconds; the rest is lost.

        Closing again only returns the counts.
        """
        self.hasten()
        thread = self._thread
        if thread is not None and not self._abandoned:
            thread.join(timeout)
            if thread.is_alive():
                self._abandon()
        if self._abandoned or not self.delivery.complete:
            self._warn_once(self._late)
        return self.delivery

    def _abandon(self) -> None:
        """Give up a thread that hangs; it is a daemon, and what it says later does not count."""
        with self._lock:
            self._abandoned = True
            self._lost += self._under_way + sum(spans for _, spans in self._waiting)
            self._under_way = 0
            self._waiting.clear()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="ciranda-spans", daemon=True)
            thread.start()
            self._thread = thread

    def _work(self) -> None:
        while True:
            if not self._closing:
                self._wake.wait(self._delay)
            closing = self._closing  # read before the queue: what came before it is sent
            self._wake.clear()
            while self._waiting and not self._abandoned:
                self._send()
            if closing or self._abandoned:
                self._conclude()
                return

    def _conclude(self) -> None:
        if self._finish is None or self._abandoned:
            return
        try:
            self._finish()
        except Exception as error:  # whatever it is, nothing depends on it any more
            self._warn_once(str(error) or type(error).__name__)

    def _send(self) -> None:
        with self._lock:
            if self._abandoned:
                return
            count = min(self._batch, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(count)]
            self._under_way = sum(spans for _, spans in taken)
        problem = ""
        try:
            sent = self._deliver([thing for thing, _ in taken])
        except Exception as error:  # whatever it is, the run goes on without spans
            sent, problem = 0, str(error) or type(error).__name__
        with self._lock:
            if self._abandoned:
                return
            self._sent += sent
            self._lost += max(0, self._under_way - sent)
            self._under_way = 0
        if problem:
            self._warn_once(problem)

    def _warn_once(self, problem: str) -> None:
        with self._lock:
            if self._warned:
                return
            self._warned = True
        self._warn(problem)
