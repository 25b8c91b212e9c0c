"""The one timer of a replica, stretched where messages take long."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, final

import anyio

from ciranda_consensus.protocol.messages import Fired, SetTimer
from ciranda_consensus.protocol.pacemaker import Pacing

__all__ = ["Alarm", "Latency"]

STEPS: Final = 6.0  # messages that follow each other in a view, and a little
WEIGHT: Final = 0.2  # of the newest measurement


@final
class Latency:
    """How long a message takes to those who make a quorum.

    Args:
        stakes: Of the validators, in order.
        own: Index of the one that measures.
        quorum: The stake that a quorum needs.
    """

    def __init__(self, stakes: list[int], own: int, quorum: int) -> None:
        self._stakes: Final = stakes
        self._own: Final = own
        self._quorum: Final = quorum
        self._times: Final[dict[int, float]] = {}
        self._disk = 0.0

    def there_and_back(self, peer: int, seconds: float) -> None:
        """Learn how long a question and its answer took."""
        before = self._times.get(peer, seconds / 2)
        self._times[peer] = before + WEIGHT * (seconds / 2 - before)

    def kept(self, seconds: float) -> None:
        """Learn how long the disk took."""
        self._disk += WEIGHT * (seconds - self._disk)

    @property
    def seconds(self) -> float:
        """The time to the farthest of the nearest that make a quorum, and to the disk there."""
        weight, farthest = self._stakes[self._own], 0.0
        for peer, seconds in sorted(self._times.items(), key=lambda item: item[1]):
            farthest = seconds
            weight += self._stakes[peer]
            if weight >= self._quorum:
                break
        return farthest + self._disk


@final
class Alarm:
    """Gives a timer back when its time has come.

    Args:
        pacing: Whose base and most it keeps to.
        latency: Measures.
        ring: Takes the timer.
        clock: Tells seconds; that of the event loop by default.
    """

    def __init__(
        self,
        pacing: Pacing,
        latency: Latency,
        ring: Callable[[Fired], None],
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._pacing: Final = pacing
        self._latency: Final = latency
        self._ring: Final = ring
        self._clock: Final = clock
        self._timer: Fired | None = None
        self._deadline = math.inf
        self._changed = anyio.Event()

    def set(self, timer: SetTimer) -> None:
        """Take a timer, in place of any before."""
        stretch = max(1.0, STEPS * self._latency.seconds / self._pacing.base)
        self._timer = Fired(timer.view, timer.attempt)
        self._deadline = self._clock() + min(timer.delay * stretch, self._pacing.most)
        self._changed.set()

    async def run(self) -> None:
        """Wait, for ever."""
        while True:
            self._changed = anyio.Event()
            with anyio.CancelScope(deadline=self._deadline):
                await self._changed.wait()
                continue
            if self._timer is not None and self._clock() >= self._deadline:
                timer, self._timer, self._deadline = self._timer, None, math.inf
                self._ring(timer)
