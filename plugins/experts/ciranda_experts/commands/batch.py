"""Many intents judged at once, answered in the order in which they were given."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, final

import anyio

from ciranda.events.judging import Judgement

from .given import Given

__all__ = ["Batch"]

_TASKS: Final = 32  # intents that the council looks at together, at the most
_WINDOW: Final = 512  # answers that may wait for an earlier one

Source = Callable[[], Awaitable[list[Given]]]


@dataclass(slots=True)
class _Slot:
    given: Given
    judgement: Judgement | None = None


@final
class Batch:
    """Judges what a source gives, and hands the answers on in order, as soon as they are known.

    No more is read than is being judged: a reader that is slow makes the source wait.

    Args:
        source: Gives the next intents, an empty list at the end.
        judge: Asks the council.
        answer: Takes an answer; when it raises OSError nobody reads on, and the batch ends.
    """

    def __init__(
        self,
        source: Source,
        judge: Callable[[Given], Awaitable[Judgement]],
        answer: Callable[[Given, Judgement], None],
    ) -> None:
        self._source: Final = source
        self._judge: Final = judge
        self._answer: Final = answer
        self._order: Final[deque[_Slot]] = deque()
        self._waiting: Final[deque[Given]] = deque()
        self._turn: Final = anyio.Lock()
        self._room = anyio.Event()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Judge everything.

        Raises:
            OSError: Answers cannot be written.
            CirandaError: The source or the council failed.
        """
        async with anyio.create_task_group() as group:
            for _ in range(_TASKS):
                group.start_soon(self._work, group.cancel_scope)
        if self._failure is not None:
            raise self._failure

    async def _work(self, scope: anyio.CancelScope) -> None:
        try:
            while (slot := await self._next()) is not None:
                slot.judgement = await self._judge(slot.given)
                self._hand_on()
        except Exception as failure:  # a task group would wrap it
            self._failure = self._failure or failure
            scope.cancel()

    async def _next(self) -> _Slot | None:
        async with self._turn:
            while len(self._order) >= _WINDOW:
                self._room = anyio.Event()
                await self._room.wait()
            if not self._waiting:
                self._waiting.extend(await self._source())
            if not self._waiting:
                return None
            slot = _Slot(self._waiting.popleft())
            self._order.append(slot)
            return slot

    def _hand_on(self) -> None:
        while self._order and (judgement := self._order[0].judgement) is not None:
            self._answer(self._order[0].given, judgement)
            self._order.popleft()
        if len(self._order) < _WINDOW:
            self._room.set()
