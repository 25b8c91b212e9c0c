"""Crisis: when too much goes wrong, or too much is asked, be quick and strict for a while.

A state machine without a clock of its own: whoever drives it says what time it is.
"""

from __future__ import annotations

from collections import deque
from typing import Annotated, Final, final

import msgspec
from msgspec import Meta

__all__ = ["Crisis", "CrisisSettings"]

_Share = Annotated[float, Meta(ge=0.0, le=1.0)]
_Seconds = Annotated[float, Meta(gt=0.0)]
_BUCKETS: Final = 12  # of the window: old judgements leave it one twelfth at a time


class CrisisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a crisis begins, what it changes, how it ends.

    Attributes:
        enabled: Whether there are crises at all.
        anomalies: Share of the judgements in the window that begins one. An anomaly is an
            expert that failed, an attack, or money spent twice: not every rejection.
        minimum: Judgements in the window before their share means anything.
        window: Seconds over which anomalies are counted.
        queue: Judgements under way at once that begin a crisis.
        latency: Seconds that judgements take on average when a crisis begins, waiting for a
            free worker apart.
        timeout: Seconds that an expert may take in a crisis, at most.
        threshold: Confidence that a verdict needs in a crisis, if more than otherwise.
        calm: Seconds without a cause before recovery begins.
        recovery: Seconds from there until everything is as it was, in a straight line.
    """

    enabled: bool = True
    anomalies: _Share = 0.5
    minimum: Annotated[int, Meta(ge=1)] = 100
    window: _Seconds = 60.0
    queue: Annotated[int, Meta(ge=1)] = 1000
    latency: _Seconds = 10.0
    timeout: _Seconds = 5.0
    threshold: _Share = 0.9
    calm: _Seconds = 30.0
    recovery: _Seconds = 120.0


@final
class Crisis:
    """What is known of the last minute, and how far into a crisis that is.

    Args:
        settings: When it begins and ends.

    Attributes:
        count: Crises so far.
    """

    def __init__(self, settings: CrisisSettings) -> None:
        self._settings: Final = settings
        self._width: Final = settings.window / _BUCKETS  # seconds
        self._buckets: Final[deque[list[float]]] = deque()  # [begin, judgements, anomalies, secs]
        self._judged = 0.0
        self._anomalies = 0.0
        self._seconds = 0.0
        self._cause = ""
        self._seen = float("-inf")  # when there was last a cause
        self._active = False
        self.count = 0

    @property
    def cause(self) -> str:
        """What began the crisis: `anomalies`, `queue` or `latency`; empty without one."""
        return self._cause

    def observe(self, now: float, *, anomaly: bool, latency: float, queue: int) -> None:
        """Take a judgement into account.

        Args:
            now: Seconds on any clock that never goes back.
            anomaly: Whether something was wrong with it.
            latency: Seconds that it took.
            queue: Judgements that are under way.
        """
        settings = self._settings
        if not settings.enabled:
            return
        buckets = self._buckets
        if not buckets or now - buckets[-1][0] >= self._width:
            self._forget(now)
            buckets.append([now, 0.0, 0.0, 0.0])
        last = buckets[-1]
        last[1] += 1
        last[3] += latency
        self._judged += 1
        self._seconds += latency
        if anomaly:
            last[2] += 1
            self._anomalies += 1
        cause = ""
        if queue >= settings.queue:
            cause = "queue"
        elif self._judged >= settings.minimum:
            # Only what is wrong itself can be a cause: a good judgement prolongs no crisis.
            if anomaly and self._anomalies >= settings.anomalies * self._judged:
                cause = "anomalies"
            elif latency >= settings.latency and self._seconds >= settings.latency * self._judged:
                cause = "latency"
        if cause:
            if not self._active or now - self._seen >= settings.calm + settings.recovery:
                self.count += 1
            self._cause, self._seen, self._active = cause, now, True

    def level(self, now: float) -> float:
        """Return how deep the crisis is: 1 is all of it, 0 is none."""
        if not self._active:
            return 0.0
        settings = self._settings
        calm = now - self._seen - settings.calm
        if calm <= 0:
            return 1.0
        if calm < settings.recovery:
            return 1.0 - calm / settings.recovery
        self._active, self._cause = False, ""
        return 0.0

    def timeout(self, normal: float, now: float) -> float:
        """Return the seconds that an expert may take, where `normal` are usual."""
        return normal + (min(normal, self._settings.timeout) - normal) * self.level(now)

    def threshold(self, normal: float, now: float) -> float:
        """Return the confidence that a verdict needs, where `normal` is usual."""
        return normal + (max(normal, self._settings.threshold) - normal) * self.level(now)

    def _forget(self, now: float) -> None:
        """Drop what has left the window."""
        buckets = self._buckets
        while buckets and now - buckets[0][0] >= self._settings.window:
            _, judged, anomalies, seconds = buckets.popleft()
            self._judged -= judged
            self._anomalies -= anomalies
            self._seconds = self._seconds - seconds if buckets else 0.0
