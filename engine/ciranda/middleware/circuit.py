"""A circuit breaker as a state machine: no clock, no waiting, no I/O.

The rules are resilience4j's. Results are counted in a window of calls or of whole seconds;
once `minimum` calls are in it, a rate of failures or of slow calls at or above its threshold
opens. After the wait, the first caller turns OPEN into HALF_OPEN, where exactly `probes` calls
are let through and judged in a window of their own. Where resilience4j is loose, this is not: a
result counts only in the generation that let its call through.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from typing import Final, final

from ciranda.workflow.model import Breaker

__all__ = ["REFUSED", "Change", "Circuit", "State"]

REFUSED: Final = -1
_MILLION: Final = 1_000_000  # rates are compared as whole parts of a million


class State(enum.Enum):
    """What a circuit does with the next call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Change:
    """One transition; `wait` is the seconds until `probes` calls are let through."""

    state: State
    failure_rate: float = 0.0
    slow_rate: float = 0.0
    wait: float = 0.0
    probes: int = 0


@final
class _CallWindow:
    """The last `size` results, each a pair of bits: 1 failed, 2 slow."""

    __slots__ = ("_at", "_ring", "calls", "failed", "slow")

    def __init__(self, size: int) -> None:
        self._ring = bytearray(size)
        self._at = 0
        self.calls = 0
        self.failed = 0
        self.slow = 0

    def add(self, outcome: int, now: float) -> None:
        ring, at = self._ring, self._at
        if self.calls == len(ring):
            old = ring[at]
            if old:
                self.failed -= old & 1
                self.slow -= old >> 1
        else:
            self.calls += 1
        ring[at] = outcome
        self._at = at + 1 if at + 1 < len(ring) else 0
        if outcome:
            self.failed += outcome & 1
            self.slow += outcome >> 1


@final
class _TimeWindow:
    """The results of the last `size` whole seconds, one bucket a second."""

    __slots__ = ("_buckets", "_size", "calls", "failed", "slow")

    def __init__(self, size: int) -> None:
        self._size = size
        self._buckets: deque[list[int]] = deque()  # [second, calls, failed, slow], oldest first
        self.calls = 0
        self.failed = 0
        self.slow = 0

    def add(self, outcome: int, now: float) -> None:
        second = int(now // 1)
        buckets = self._buckets
        while buckets and buckets[0][0] <= second - self._size:
            _, calls, failed, slow = buckets.popleft()
            self.calls -= calls
            self.failed -= failed
            self.slow -= slow
        if not buckets or buckets[-1][0] < second:
            buckets.append([second, 0, 0, 0])
        bucket = buckets[-1]
        bucket[1] += 1
        self.calls += 1
        if outcome:
            bucket[2] += outcome & 1
            bucket[3] += outcome >> 1
            self.failed += outcome & 1
            self.slow += outcome >> 1


@final
class Circuit:
    """Decides which calls go through; times are seconds on one monotonic clock.

    Each call let through ends in exactly one `record` or `release` with the generation that
    `admit` returned. `changes` holds the transitions that nobody has announced yet.
    """

    __slots__ = (
        "_cap",
        "_failures",
        "_generation",
        "_minimum",
        "_options",
        "_permits",
        "_slow",
        "_until",
        "_wait",
        "_window",
        "changes",
        "state",
    )

    def __init__(self, options: Breaker) -> None:
        self._options: Final = options
        self._failures: Final = round(options.failures * _MILLION)
        self._slow: Final = round(options.slow * _MILLION)
        self._cap: Final = max(options.cap, options.open)
        self._permits = 0
        self._until = 0.0
        self._wait = 0.0
        self._generation = 0
        self.state = State.CLOSED
        self.changes: deque[Change] = deque()
        self._listen()

    def _listen(self) -> None:
        """Begin to count for the state CLOSED."""
        options = self._options
        if options.window_seconds:
            self._window: _CallWindow | _TimeWindow = _TimeWindow(options.window)
            self._minimum = options.minimum
        else:
            self._window = _CallWindow(options.window)
            self._minimum = min(options.minimum, options.window)

    def admit(self, now: float) -> int:
        """Return the generation under which a call may start, or `REFUSED`."""
        if self.state is State.CLOSED:
            return self._generation
        if self.state is State.OPEN:
            if now < self._until:
                return REFUSED
            self._half_open()
        if self._permits == 0:
            return REFUSED
        self._permits -= 1
        return self._generation

    def record(self, generation: int, now: float, *, failed: bool, slow: bool) -> None:
        """Count how a call ended; one let through by a former generation counts nowhere."""
        if generation != self._generation:
            return
        window = self._window
        window.add(failed | (slow << 1), now)
        calls = window.calls
        if calls < self._minimum:
            return
        if (
            window.failed * _MILLION >= self._failures * calls
            or window.slow * _MILLION >= self._slow * calls
        ):
            self._open(now)
        elif self.state is State.HALF_OPEN:
            self._close()

    def release(self, generation: int) -> None:
        """Give back the permit of a call that says nothing: cancelled, or never begun."""
        if generation == self._generation and self.state is State.HALF_OPEN:
            self._permits += 1

    def remaining(self, now: float) -> float | None:
        """Return the seconds until a call may get through; None when nobody knows."""
        return max(0.0, self._until - now) if self.state is State.OPEN else None

    def _open(self, now: float) -> None:
        options, window = self._options, self._window
        again = self.state is State.HALF_OPEN
        self._wait = min(self._wait * options.factor, self._cap) if again else options.open
        self._until = now + self._wait
        change = Change(
            State.OPEN, window.failed / window.calls, window.slow / window.calls, self._wait
        )
        self._enter(change)

    def _half_open(self) -> None:
        options = self._options
        self._permits = options.probes
        self._window = _CallWindow(options.probes)
        self._minimum = min(options.minimum, options.probes)
        self._enter(Change(State.HALF_OPEN, probes=options.probes))

    def _close(self) -> None:
        self._listen()
        self._enter(Change(State.CLOSED))

    def _enter(self, change: Change) -> None:
        self.state = change.state
        self._generation += 1
        self.changes.append(change)
