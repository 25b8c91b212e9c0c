"""The time that the attempts of a step and the waits between them may take together."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, final

import msgspec

from ciranda.events import Failure
from ciranda.runs.failure import plain_failure

__all__ = ["Deadlines"]

_MOMENT: Final = 0.05  # seconds by which a timer may fire before its time by another clock


@final
class Deadlines:
    """Knows when steps with a deadline began, and what failed since.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        self._begun: Final[dict[str, float]] = {}
        self._last: Final[dict[str, Failure]] = {}

    def left(self, path: str, limit: float) -> float:
        """Return the seconds that are left; they count from the first time that this is asked."""
        return max(0.0, self._begun.setdefault(path, self._clock()) + limit - self._clock())

    def end(self, path: str, limit: float) -> float:
        """Return when the time of a step is over, by the clock; infinite if it never began."""
        return self._begun.get(path, inf) + limit

    def judge(
        self, path: str, limit: float, failure: Failure, delay: float | None
    ) -> tuple[Failure, float | None]:
        """Return what an attempt's failure comes to, and the wait before the next attempt.

        Args:
            path: The step.
            limit: Its deadline in seconds.
            failure: Of the attempt.
            delay: Seconds until the next attempt; None is no other one.
        """
        begun = self._begun.get(path)
        if begun is None:  # it was not even called
            return failure, delay
        left = begun + limit - self._clock()
        if failure.kind == "timeout" and left < _MOMENT:
            return _over(limit, failure, self._last.get(path)), None
        if delay is None:
            return failure, None
        if delay >= left:
            return _over(limit, failure, failure), None
        self._last[path] = failure
        return failure, delay

    def forget(self, prefix: str) -> None:
        """Forget the steps inside of something that nobody needs any more."""
        for path in [path for path in self._begun if path.startswith(prefix)]:
            del self._begun[path]
            self._last.pop(path, None)


def _over(limit: float, failure: Failure, last: Failure | None) -> Failure:
    """Return the failure of a step whose deadline is over; `last` failed before that."""
    message = f"not done within the deadline of {limit:g}s"
    detail = {name: failure.detail[name] for name in ("abandoned",) if name in failure.detail}
    if last is not None:
        message += f"; attempt {last.attempt} had failed, {last.kind}: {last.message}"
        detail["error"] = plain_failure(last)
    return msgspec.structs.replace(
        failure, kind="timeout", message=message, detail=detail, retryable=False, retry_after=None
    )
