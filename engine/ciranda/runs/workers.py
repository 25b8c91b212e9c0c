"""The tasks that perform a run's ready steps: as many as wait for something at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from heapq import heappop
from typing import TYPE_CHECKING, Final, final

import anyio
from anyio.abc import TaskGroup

from ciranda.runs.commands import Start
from ciranda.runs.isolation import ENDED, begin, go_on
from ciranda.runs.status import READY

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Workers"]

TURN: Final = 0.010  # seconds that steps may run without letting the loop turn


@final
class Workers:
    """Take ready steps one after the other, each in a task that stays for the next one.

    Args:
        runner: Whose steps they perform.
        most: Steps that may be under way at once; None is as many as are ready.
        room: Waits until observers can take more.
        clock: Monotonic seconds.

    Attributes:
        ready: The steps to perform, a heap.
        busy: Workers with a step in their hands.
        crowded: Whether observers are behind.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        most: int | None,
        room: Callable[[], Awaitable[None]] | None,
        clock: Callable[[], float],
    ) -> None:
        self.ready: Final[list[Start]] = []
        self.busy = 0
        self.crowded = False
        self._runner: Final = runner
        self._most: Final = most
        self._room: Final = room
        self._clock: Final = clock
        self._parked: Final[list[anyio.Event]] = []
        self._count = 0
        self._starting = 0  # workers that were asked for and did not begin yet
        self._turned = 0.0
        self._group: TaskGroup

    def open(self, group: TaskGroup) -> None:
        """Let workers begin in this group."""
        self._group = group

    def wake(self) -> None:
        """See to it that somebody takes the next ready step."""
        if not self.ready or self._starting:
            return
        if self._parked:
            self._starting = 1
            self._parked.pop().set()
        elif self._most is None or self._count < self._most:
            self._starting = 1
            self._count += 1
            self._group.start_soon(self._work)

    def _pop(self) -> Start | None:
        runner = self._runner
        while self.ready:
            start = heappop(self.ready)
            item, node = start.item, start.node
            if (node, item) in runner.active:
                continue
            state = runner.scheduler
            # It may have been cancelled while it waited for its turn, and its map forgotten.
            if (state.statuses[node] if item < 0 else state.item(node, item)) == READY:
                return start
        return None

    async def _work(self) -> None:
        """Perform ready steps one after the other; wait where there is none."""
        runner, turnstile = self._runner, self._runner.turnstile
        commit = runner.commit if turnstile is None else turnstile.commit
        while True:
            self._starting = 0
            start: Start | None = None
            with anyio.CancelScope() as scope:
                while (start := self._pop()) is not None:
                    runner.active[start.node, start.item] = scope
                    self.busy += 1
                    try:
                        if self.ready:
                            self.wake()
                        # A copy each time: what a step sets in its context ends with it.
                        context, attempt = copy_context(), runner.attempts.perform(start)
                        if (awaited := begin(context, attempt)) is not ENDED:
                            await go_on(context, attempt, awaited)
                    finally:
                        self.busy -= 1
                        if turnstile is not None:
                            turnstile.left(start)
                    if scope.cancel_called:
                        break
                    commit()
                    if self.crowded and self._room is not None:
                        self.crowded = False
                        await self._room()
                    if self._clock() - self._turned > TURN:
                        await anyio.lowlevel.checkpoint()
                        self._turned = self._clock()
            if start is not None:
                runner.stopped(start, scope)
            elif not self.ready:
                parking = anyio.Event()
                self._parked.append(parking)
                await parking.wait()
