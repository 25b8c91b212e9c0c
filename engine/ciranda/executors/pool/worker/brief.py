"""Watching for an answer for a moment before going to sleep for it.

To sleep, to be woken, and to find everything pushed out of the processor's caches meanwhile takes
longer than many a call does.
"""

import math
import time
from collections.abc import Callable
from typing import Final, TypeVar, final

__all__ = ["Brief"]

_LONGEST: Final = 0.0002  # seconds; nothing else of the engine's goes on meanwhile
_RAREST: Final = 64  # calls that are not watched for each one that is, at most

Found = TypeVar("Found")


@final
class Brief:
    """Watches for answers as long as they come at once; else ever more rarely.

    Args:
        clock: Seconds.
        within: Seconds since something came after which it is not watched for: whoever worked
            that long gains little, and others want the processor.
    """

    __slots__ = ("_came", "_clock", "_left", "_pause", "_within")

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, within: float = math.inf
    ) -> None:
        self._clock = clock
        self._within = within
        self._came = 0.0
        self._pause = 0
        self._left = 0

    def watch(self, look: Callable[[], list[Found]]) -> list[Found]:
        """Return what came within a moment; nothing when that is not worth waiting for.

        Args:
            look: Returns what is there, without waiting.
        """
        if self._left:
            self._left -= 1
            return []
        now = self._clock()
        if now - self._came > self._within:
            return []
        end = now + _LONGEST
        while not (found := look()):
            if self._clock() > end:
                self._pause = self._left = min(2 * self._pause + 1, _RAREST)
                return []
        self._pause = 0
        self.came()
        return found

    def came(self) -> None:
        """Note that something came now, watched for or not."""
        self._came = self._clock()
