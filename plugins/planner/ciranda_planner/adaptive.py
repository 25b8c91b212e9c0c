"""How many tasks run at once, learned from the other side: more one by one, less by half."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, final

from ciranda.events import Event, StepAttemptFailed, StepCompleted, StepFailed

__all__ = ["Adaptive"]

_RECENT: Final = 8  # answers that tell how slow the other side is
_SLOW: Final = 2.0  # times slower than at its best
_BACK: Final = 0.5  # what remains after "too many requests"
_EASE: Final = 0.8  # what remains when answers get slow


@final
class Adaptive:
    """Additive increase, multiplicative decrease (Chiu and Jain, 1989) over `Dispatch.resize`.

    A refusal (`rate_limited`) halves the number, slow answers take a fifth off, and after as
    many good answers as run at once there is one more, up to the plan's own number. What is under
    way when the number falls was begun under the old one: it does not make it fall again.

    Args:
        most: The plan's number of workers.
        resize: Sets how many run at once.
        measured: Estimates (seconds) of the steps whose slowness counts, by id: those that ask
            somebody else, which is told by their costs.
    """

    def __init__(
        self, most: int, resize: Callable[[int], None], measured: dict[str, float]
    ) -> None:
        self._most: Final = most
        self._resize: Final = resize
        self._measured: Final = measured
        self._width = float(most)
        self._best = 0.0
        self._recent: Final[deque[float]] = deque(maxlen=_RECENT)
        self._calm = 0.0  # what began before this time says nothing new
        self.least = most

    @property
    def width(self) -> int:
        """How many may run at once now."""
        return max(1, int(self._width))

    def hear(self, event: Event) -> None:
        """Take in how an attempt went."""
        if isinstance(event, StepCompleted):
            self._answered(event.path, event.at, event.duration)
        elif isinstance(event, StepAttemptFailed | StepFailed):
            kind = event.error.kind
            if kind == "rate_limited" or kind.startswith("rate_limited."):
                self._fall(_BACK, event.at, event.duration)

    def _answered(self, path: str, at: float, duration: float) -> None:
        if path in self._measured and not self._is_slow(path, duration):
            self._grow()
        elif path in self._measured:
            self._fall(_EASE, at, duration)
        else:
            self._grow()

    def _is_slow(self, path: str, duration: float) -> bool:
        """Say whether recent answers are much slower, for their size, than at their best."""
        size = self._measured[path] or 1.0
        self._recent.append(duration / size)
        if len(self._recent) < _RECENT:
            return False
        mean = sum(self._recent) / _RECENT
        self._best = min(self._best or mean, mean)
        return mean > _SLOW * self._best

    def _grow(self) -> None:
        if self._width < self._most:
            self._set(min(float(self._most), self._width + 1 / self._width))

    def _fall(self, share: float, at: float, duration: float) -> None:
        if at - duration < self._calm:
            return
        self._calm = at
        self._recent.clear()
        self._set(max(1.0, self._width * share))

    def _set(self, width: float) -> None:
        before, self._width = self.width, width
        self.least = min(self.least, self.width)
        if self.width != before:
            self._resize(self.width)
