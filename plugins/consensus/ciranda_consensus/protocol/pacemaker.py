"""How long a replica waits for progress before it gives a view up."""

from __future__ import annotations

from typing import Final, final

import msgspec

from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["Pacemaker", "Pacing"]


class Pacing(msgspec.Struct, frozen=True):
    """Waiting times, in seconds.

    Attributes:
        base: For the first try of a view; six times the time that a message takes.
        factor: What each view without a commit, and each try within a view, multiplies it by.
        most: Never longer than this.
    """

    base: float = 1.0
    factor: float = 2.0
    most: float = 120.0


@final
class Pacemaker:
    """Counts what was in vain.

    Attributes:
        attempt: How often this view was given up; the number of the timer that counts.
        armed: Whether a timer runs for it.
    """

    __slots__ = ("_pacing", "_vain", "armed", "attempt")

    def __init__(self, pacing: Pacing) -> None:
        self._pacing: Final = pacing
        self._vain = 0
        self.attempt = 0
        self.armed = False

    def begin(self, *, progress: bool) -> None:
        """Begin a view, after a commit or after one that was given up."""
        self._vain = 0 if progress else self._vain + 1
        self.attempt = 0
        self.armed = False

    def heirs(self, validators: ValidatorSet, view: int) -> list[int]:
        """Return the leaders of the next views: one at first, twice as many with each try."""
        count = min(1 << min(self.attempt, 20), len(validators))
        leaders = (validators.leader(view + turn) for turn in range(1, count + 1))
        return list(dict.fromkeys(leaders))

    def arm(self) -> float:
        """Return how long to wait now, in seconds."""
        self.armed = True
        power = min(self._vain + self.attempt, 64)
        return min(self._pacing.base * self._pacing.factor**power, self._pacing.most)
