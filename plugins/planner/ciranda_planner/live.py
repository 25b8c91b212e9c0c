"""How a plan is doing while it runs: workers, limits, what is left, the critical path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, final

import anyio

from ciranda.errors import StoreError
from ciranda.observe.spoken import spoken
from ciranda.observe.visible import visible
from ciranda.observe.waterfall import Line, Piece
from ciranda.runs.dispatch import Dispatch

from .actual import Actual
from .plan import Plan
from .replanning import Learned, frontier
from .schedule import Schedule
from .search import search
from .state import ENDED, State

__all__ = ["Live"]

_TICK: Final = 0.2  # seconds between two looks
_RARELY: Final = 20  # times what it takes to schedule the rest, until that is done again
_FRESH: Final = 1.0  # seconds for which a schedule of the rest is good, if nothing ends
_BAR: Final = 20  # columns
_YELLOW: Final = 0.85  # of a limit
_RED: Final = 0.95
_STEPS: Final = 6  # of the critical path
_COUNTED: Final = (
    (State.READY, ""),
    (State.RESERVED, ""),
    (State.RETRYING, "yellow"),
    (State.FAILED, "red"),
)


@final
class Live:
    """Lines for the head of a live board.

    They are made in the thread of the run, whose state no other thread may look at, and drawn by
    that of the board.

    Args:
        plan: What runs.
        wall: Seconds since the epoch.
        steady: Seconds that never go back.
    """

    def __init__(self, plan: Plan, wall: Callable[[], float], steady: Callable[[], float]) -> None:
        self._plan: Final = plan
        self._wall: Final = wall
        self._steady: Final = steady
        self._tasks: Final = {task.id: task for task in plan.expected}
        self._learned: Final = Learned()
        self._seen: Final[set[str]] = set()
        self._dispatch: Dispatch | None = None
        self._actual: Actual | None = None
        self._rest: Schedule | None = None  # what is left, as it was scheduled last
        self._planned = 0.0  # when that was, in seconds from the start
        self._again = 0.0  # on the steady clock: not before
        self.lines: Sequence[Line] = ()

    def follow(self, dispatch: Dispatch, actual: Actual) -> None:
        """Look at these from now on."""
        self._dispatch, self._actual = dispatch, actual

    async def watch(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            self.look()
            await anyio.sleep(_TICK)

    def look(self) -> None:
        """Make the lines anew."""
        actual, dispatch = self._actual, self._dispatch
        if actual is None or dispatch is None:
            return
        now = actual.moment(self._wall())
        self._learn(actual, now)
        self.lines = (
            self._workers(actual, dispatch, now),
            *_limits(dispatch),
            *self._path(actual),
        )

    def _learn(self, actual: Actual, now: float) -> None:
        """Schedule what is left anew, if something has ended since or time has gone by."""
        ended = [
            task
            for task, course in actual.courses.items()
            if course.state in ENDED and task not in self._seen
        ]
        self._seen.update(ended)
        for task in ended:
            if task in self._tasks:
                self._learned.take(self._tasks[task], actual.courses[task])
        began = self._steady()
        fresh = self._rest is not None and now - self._planned < _FRESH
        if (fresh and not ended) or began < self._again:
            return
        rest = frontier(self._plan, actual, self._learned.factors, now)
        self._rest, self._planned = search(rest, tries=1) if rest.expected else None, now
        took = self._steady() - began
        self._again = began + _RARELY * took

    def _workers(self, actual: Actual, dispatch: Dispatch, now: float) -> Line:
        states = Counter(actual.states(dispatch.reserved).values())
        running, most = states[State.RUNNING], dispatch.most or self._plan.workers
        pieces = [
            Piece("workers        "),
            *_bar(running / most, "cyan"),
            Piece(f" {running}/{most}"),
        ]
        if most < self._plan.workers:
            pieces.append(Piece(f" of {self._plan.workers}", "yellow"))
        for state, style in _COUNTED:
            if states[state]:
                pieces.append(Piece(f"  {states[state]:,} {state}", style))
        if self._rest is not None:
            left = max(0.0, self._planned + self._rest.makespan - now)
            # What was granted before is no part of the schedule of the rest.
            limited = dispatch.limiter is not None and bool(dispatch.limiter.limits)
            word = "at least" if limited else "about"
            pieces.append(Piece(f"  {word} {spoken(left)} left", "dim"))
        return tuple(pieces)

    def _path(self, actual: Actual) -> list[Line]:
        if self._rest is None:
            return []
        left = [
            task for task in self._rest.critical_path if actual.courses[task].state not in ENDED
        ]
        if not left:
            return []
        more = [f"{len(left) - _STEPS} more"] if len(left) > _STEPS else []
        text = " ▸ ".join([*map(visible, left[:_STEPS]), *more])
        return [(Piece("critical path  "), Piece(text, "yellow"))]


def _limits(dispatch: Dispatch) -> list[Line]:
    limiter = dispatch.limiter
    if limiter is None:
        return []
    try:
        fill = limiter.fill()
    except StoreError:  # a picture is nothing to stop a run for; the run itself says so
        return []
    return [
        (
            Piece(f"{name.replace('_', ' '):<15}"),
            *_bar(share, _colour(share)),
            Piece(f" {share:.0%}", _colour(share)),
        )
        for name, share in zip(limiter.names, fill, strict=True)
    ]


def _colour(share: float) -> str:
    return "red" if share >= _RED else "yellow" if share >= _YELLOW else "cyan"


def _bar(share: float, style: str) -> tuple[Piece, Piece]:
    full = int(min(1.0, max(0.0, share)) * _BAR)
    return Piece("━" * full, style), Piece("━" * (_BAR - full), "dim")
