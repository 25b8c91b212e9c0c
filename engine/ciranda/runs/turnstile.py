"""Lets the ready steps of a run start as its dispatch says: the half that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import copy_context
from heapq import heappush
from math import inf
from typing import TYPE_CHECKING, Final, final

import anyio
from anyio.abc import TaskGroup

from ciranda.events import (
    Event,
    ForeignEvent,
    MapCompleted,
    MapExpanded,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
)
from ciranda.runs.admission import Admission, Key
from ciranda.runs.commands import Start
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.grants import Grants
from ciranda.runs.status import READY

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Turnstile"]

_TICK: Final = 0.001  # seconds between two questions at the least
_PATIENCE: Final = 4  # commits that may bring better candidates before the next one is admitted

_LEAVING: Final = frozenset(
    {StepAttemptFailed, StepCancelled, StepCompleted, StepFailed, StepSkipped}
)
_RELEASING: Final = frozenset({MapCompleted, MapExpanded, StepSkipped})


@final
class Turnstile:
    """Between the steps that are ready and the workers that perform them.

    A slot is given on once the end of its step is kept, since that may release a step which comes
    before those that wait; at once where it cannot.

    Args:
        runner: Whose steps they are.
        dispatch: The rules.
        most: Steps under way at once, whatever the rules say.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        runner: Runner,
        dispatch: Dispatch,
        *,
        most: int | None,
        clock: Callable[[], float],
    ) -> None:
        self._runner: Final = runner
        self._dispatch: Final = dispatch
        self._clock: Final = clock
        self._grants: Final = None if dispatch.limiter is None else Grants(dispatch.limiter)
        self._admission: Final = Admission(
            dispatch, runner.plan.graph, self._waits, self._grant, most
        )
        self._waited: Final[dict[Key, dict[str, float]]] = {}
        self._threads: Final[dict[Key, anyio.Event]] = {}  # they outlive their steps
        self._leaving: Final[set[Key]] = set()  # work is gone, its end not kept yet
        self._due = 0  # ends that will be kept at once and may release steps
        self._admitted = 0
        self._group: TaskGroup
        self._changed: anyio.Event

    def open(self, group: TaskGroup) -> None:
        """Begin to admit, until the run ends."""
        self._group = group
        self._changed = anyio.Event()
        self._dispatch.attach(self._changes)
        group.start_soon(self._tend)

    def close(self) -> None:
        """Let another run use the dispatch."""
        self._dispatch.attach(None)

    def push(self, start: Start) -> None:
        """Take in a step that is ready; one that comes to no attempt holds nothing."""
        decides = self._runner.plan.steps[start.node].decides
        if not (decides and copy_context().run(self._runner.attempts.decide, start)):
            self._admission.push(start, self._clock())

    def absorbed(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Note that events were kept and applied."""
        for event in events:
            if type(event) in _LEAVING:
                key = self._runner.plan.key(event.path)  # type: ignore[union-attr]  # of steps
                self._leaving.discard(key)
                if self._grants is not None:
                    begun = key not in self._waited
                    self._grants.settle(key, event, begun=begun)  # type: ignore[arg-type]  # no stranger
                self._release(key)
        self._due = sum(type(event) in _RELEASING for event in self._runner.pending)
        self._changes()

    def begin(self, start: Start) -> dict[str, float]:
        """Note that an attempt begins; return the seconds it waited, by what it waited for."""
        return self._waited.pop((start.node, start.item))

    def outlived(self, start: Start, ended: anyio.Event) -> None:
        """Note that a thread is still at work for a step that is given up."""
        self._threads[start.node, start.item] = ended

    def left(self, start: Start) -> None:
        """Note that nobody works on an attempt any more, but for a thread that outlives it."""
        key = (start.node, start.item)
        if key not in self._admission:
            return
        if self._may_release(start):
            self._leaving.add(key)
        else:
            self._release(key)
            self._changes()

    def _changes(self) -> None:
        self._changed.set()

    def _release(self, key: Key) -> None:
        self._waited.pop(key, None)
        ended = self._threads.pop(key, None)
        if ended is None or ended.is_set():
            self._admission.release(key)
        else:
            self._group.start_soon(self._outlast, key, ended)

    async def _outlast(self, key: Key, ended: anyio.Event) -> None:
        await ended.wait()
        self._admission.release(key)
        self._changes()

    def _may_release(self, start: Start) -> bool:
        """Say whether the end of an attempt may make other steps ready."""
        state = self._runner.scheduler
        node = state.graph.nodes[start.node]
        ending = len(self._runner.active)  # at worst together
        if start.item >= 0:
            items = state.items[start.node]
            # With others of the map in line, none that it admits comes before them.
            return items.running <= ending
        return any(state.unmet[dependent] <= ending for dependent in node.dependents)

    def _waits(self, start: Start) -> bool:
        state, key = self._runner.scheduler, (start.node, start.item)
        if key in self._runner.active or key in self._admission:
            return False
        return state.status(start.node, start.item) is READY

    async def _tend(self) -> None:
        """Admit whenever something changed, and when the limiter has time for the one in front."""
        passed = 0
        while True:
            with anyio.CancelScope(deadline=anyio.current_time() + self._delay()):
                await self._changed.wait()
            self._changed = anyio.Event()
            await anyio.lowlevel.checkpoint()  # what ends in this turn of the loop counts too
            if (self._leaving or self._due) and passed < _PATIENCE:
                passed += 1
                continue
            passed = 0
            self._admit()

    def _grant(self, key: Key, costs: tuple[int, ...]) -> bool:
        return self._grants is None or self._grants.take(key, costs)

    def _delay(self) -> float:
        """Return the seconds until the step in front may have the limiter's word."""
        front, limiter = self._admission.front, self._dispatch.limiter
        if front is None or limiter is None:
            return inf
        return max(_TICK, limiter.earliest(front) - limiter.now())

    def _admit(self) -> None:
        runner = self._runner
        for start, waited in self._admission.admit(self._clock()):
            self._waited[start.node, start.item] = waited
            self._admitted += 1
            # Those with a slot begin as they were admitted, however urgent they are.
            begun = Start(float(self._admitted), start.item, start.node, start.attempt)
            heappush(runner.ready, begun)
        runner.wake()
