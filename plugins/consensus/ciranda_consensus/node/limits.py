"""What one peer may ask of a node: so much in a second, and not nonsense for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

import msgspec

__all__ = ["Allowance", "Bans", "Limits"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a peer is allowed.

    Attributes:
        messages: A second, on average.
        bytes: A second, on average.
        burst: Seconds' worth that may come at once.
        waiting: Bytes of its messages that wait to be read by the replica.
        outgoing: Bytes that wait to be sent to it; what does not fit is lost.
        nonsense: Points of nonsense before it is banned; one is forgotten each second.
        ban: Seconds of the first ban; each further one is twice as long, up to an hour.
    """

    messages: float = 2000.0
    bytes: float = 32e6
    burst: float = 2.0
    waiting: int = 16 << 20
    outgoing: int = 16 << 20
    nonsense: float = 20.0
    ban: float = 5.0


@final
class Allowance:
    """A bucket that fills by itself: how long somebody must wait for what he takes.

    Args:
        rate: Units a second.
        most: Units that it holds; more than that at once makes the taker wait, it is never refused.
        clock: Tells seconds.
    """

    __slots__ = ("_clock", "_held", "_most", "_rate", "_seen")

    def __init__(
        self, rate: float, most: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate: Final = rate
        self._most: Final = most
        self._clock: Final = clock
        self._held = most
        self._seen = clock()

    def take(self, units: float) -> float:
        """Take units; return for how many seconds to wait before going on."""
        now = self._clock()
        self._held = min(self._most, self._held + (now - self._seen) * self._rate) - units
        self._seen = now
        return max(0.0, -self._held / self._rate)


MOST_BAN: Final = 3600.0
MOST_KNOWN: Final = 4096


@final
class Bans:
    """Who sent nonsense, and until when nobody listens to him.

    Args:
        limits: How much is too much.
        clock: Tells seconds.
    """

    __slots__ = ("_clock", "_count", "_limits", "_points", "_until")

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits: Final = limits
        self._clock: Final = clock
        self._points: Final[dict[bytes, tuple[float, float]]] = {}  # points, and when
        self._count: Final[dict[bytes, int]] = {}
        self._until: Final[dict[bytes, float]] = {}

    def blame(self, who: bytes, points: float) -> bool:
        """Count nonsense; return whether that was too much and a ban begins.

        Args:
            who: A key or an address.
            points: How bad it was.
        """
        now = self._clock()
        held, seen = self._points.pop(who, (0.0, now))
        held = max(0.0, held - (now - seen)) + points
        if held < self._limits.nonsense:
            self._points[who] = (held, now)
            self._forget()
            return False
        count = self._count[who] = self._count.get(who, 0) + 1
        self._until[who] = now + min(self._limits.ban * 2.0 ** min(count - 1, 32), MOST_BAN)
        return True

    def banned(self, who: bytes) -> bool:
        """Say whether nobody listens to somebody now."""
        return self._until.get(who, 0.0) > self._clock()

    def _forget(self) -> None:
        for known in (self._points, self._count, self._until):
            while len(known) > MOST_KNOWN:  # the oldest first
                del known[next(iter(known))]
