"""Which run a durable observer goes on with, and when."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Final, final

__all__ = ["Agenda"]


@final
class Agenda:
    """Runs that have something to tell, the longest noted first; times as the caller counts."""

    def __init__(self) -> None:
        self._due: Final[dict[str, float]] = {}
        self._failing: Final[dict[str, tuple[int, BaseException]]] = {}  # tries of one event
        self._given_up: Final[set[str]] = set()

    @property
    def next(self) -> float:
        """When the next run is due; never, if none is noted."""
        return min(self._due.values(), default=inf)

    def add(self, run: str) -> None:
        """Note a run to be gone on with at once, but not while it waits for its next try."""
        if run not in self._given_up and not (run in self._failing and run in self._due):
            self._due[run] = -inf

    def postpone(self, run: str, at: float) -> None:
        """Note a run to be gone on with at a time."""
        self._due[run] = at

    def take(self, now: float) -> str | None:
        """Take the run that is due and was noted first; None if none is due."""
        run = next((run for run, at in self._due.items() if at <= now), None)
        if run is not None:
            del self._due[run]
        return run

    def failed(self, run: str, error: BaseException) -> int:
        """Count a try of the run's next event that failed; return how often it was tried."""
        tries = self._failing[run][0] + 1 if run in self._failing else 1
        self._failing[run] = (tries, error)
        return tries

    def succeeded(self, run: str) -> None:
        """Forget the tries of an event."""
        self._failing.pop(run, None)

    def give_up(self, run: str) -> None:
        """Leave a run alone from now on."""
        self._given_up.add(run)
        self._due.pop(run, None)
        self._failing.pop(run, None)

    def failing(self) -> Iterator[tuple[str, BaseException]]:
        """Yield the runs whose next event failed and would be tried again, and the last error."""
        return ((run, error) for run, (_, error) in self._failing.items())
