"""Lets the ready steps of a run start as its dispatch says: the half that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import copy_context
from heapq import heappush
from math import inf, nextafter
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
from ciranda.runs.status import PENDING, READY, WAITING

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Turnstile"]

_TICK: Final = 0.001  # seconds between two questions at the least
_PATIENCE: Final = 4  # commits that may bring better candidates before the next one is admitted

_LEAVING: Final = frozenset(
    {StepAttemptFailed, StepCancelled, StepCompleted, StepFailed, StepSkipped}
)
_FAILURES: Final = frozenset({StepAttemptFailed, StepFailed})
_RELEASING: Final = frozenset({MapCompleted, MapExpanded, StepSkipped})


@final
class Turnstile:
    """Between the steps that are ready and the workers that perform them.

    A slot that is free again goes at once to a step that comes before all that are not ready yet.
    To any other it goes when the loop has turned and the end of the step is kept: what ends at
    the same time may release a step that comes first.

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
            dispatch,
            runner.plan.graph,
            runner.scheduler.dispatched,
            self._waits,
            self._grant,
            most,
        )
        self._waited: Final[dict[Key, dict[str, float]]] = {}
        self._threads: Final[dict[Key, anyio.Event]] = {}  # they outlive their steps
        self._leaving: Final[set[Key]] = set()  # work is gone, its end not kept yet
        self._due = 0  # ends that will be kept at once and may release steps
        self._admitted = 0
        self._committing = False
        self._sort()
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
        self._dispatch.reserve(None)
        if self._dispatch.closes and self._dispatch.limiter is not None:
            self._dispatch.limiter.close()

    def push(self, start: Start) -> None:
        """Take in a step that is ready; one that comes to no attempt holds nothing."""
        decides = self._runner.planned(start.node).decides
        if not (decides and copy_context().run(self._runner.attempts.decide, start)):
            self._admission.push(start, self._clock())

    def absorbed(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Note that events were kept and applied."""
        for event in events:
            if type(event) in _LEAVING:
                key = self._runner.scheduler.find(event.path)  # type: ignore[union-attr]  # of steps
                self._leaving.discard(key)
                if self._grants is not None:
                    begun = key not in self._waited and type(event) is not StepSkipped
                    self._grants.settle(key, event, begun=begun)  # type: ignore[arg-type]  # no stranger
                if key not in self._threads:
                    self._release(key)
        self._due = sum(type(event) in _RELEASING for event in self._runner.pending)
        if not self._committing:
            self._changes()

    def begin(self, start: Start) -> dict[str, float]:
        """Note that an attempt begins; return the seconds it waited, by what it waited for."""
        return self._waited.pop((start.node, start.item))

    def take_retry(self) -> bool:
        """Say whether the run may still try something again; it has one time less then."""
        return self._dispatch.take_retry()

    def outlived(self, start: Start, ended: anyio.Event) -> None:
        """Note that a thread is still at work for a step that is given up."""
        self._threads[start.node, start.item] = ended

    def left(self, start: Start) -> None:
        """Note that nobody works on an attempt any more, but for a thread that outlives it."""
        key = (start.node, start.item)
        if key not in self._admission:
            return
        self._leaving.add(key)
        ended = self._threads.get(key)
        if ended is None:
            self._release(key)
        else:
            self._group.start_soon(self._outlast, key, ended)

    def commit(self) -> None:
        """Keep what is pending, after a step; the worker takes on what may start at once."""
        self._heed()
        self._committing = True
        self._runner.commit()
        self._committing = False
        if self._admission.idle:
            self._admit(self._coming())
            if self._admission.idle:
                self._changes()

    def _heed(self) -> None:
        """Let nobody start who would be refused, before the refusals that say so are kept."""
        if self._grants is not None:
            for event in self._runner.pending:
                if type(event) in _FAILURES:
                    key = self._runner.scheduler.find(event.path)  # type: ignore[union-attr]  # of steps
                    self._grants.heed(key, event)  # type: ignore[arg-type]  # no stranger

    def _changes(self) -> None:
        self._changed.set()

    def _release(self, key: Key) -> None:
        self._waited.pop(key, None)
        self._admission.release(key)

    async def _outlast(self, key: Key, ended: anyio.Event) -> None:
        await ended.wait()
        del self._threads[key]
        self._release(key)
        self._changes()

    def _sort(self) -> None:
        """Put all steps in the order of the dispatch, which may be changed during the run."""
        order = self._dispatch.order
        self._revision = self._dispatch.revision
        self._order = sorted(
            ((order.get(node.id, inf), -node.rank), node.index)
            for node in self._runner.plan.graph.nodes
        )
        self._next = 0  # the first in this order that may not be ready yet

    def _coming(self) -> tuple[float, float]:
        """Return the place and the urgency of the first step that is not ready yet."""
        if self._revision != self._dispatch.revision:
            self._sort()
        state = self._runner.scheduler
        while self._next < len(self._order):
            place, node = self._order[self._next]
            status = state.statuses[node]
            if status is PENDING or status is WAITING:
                return place
            items = state.items.get(node)
            if items is not None and items.next < len(items.statuses):
                # Those of its items that are ready come first.
                return place[0], nextafter(place[1], inf)
            self._next += 1
        return inf, inf

    def _waits(self, start: Start) -> bool:
        state, key = self._runner.scheduler, (start.node, start.item)
        if key in self._runner.active or key in self._admission:
            return False
        if start.item >= 0:
            return state.item(start.node, start.item) == READY
        return state.statuses[start.node] is READY

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
            self._runner.wake()

    def _grant(self, key: Key, costs: tuple[int, ...]) -> bool:
        if self._grants is None or self._grants.take(key, costs):
            return True
        owner = self._runner.scheduler.dispatched(key[0])
        self._dispatch.reserve(self._runner.plan.graph.nodes[owner].id)
        return False

    def _delay(self) -> float:
        """Return the seconds until the step in front may have the limiter's word."""
        front, limiter = self._admission.front, self._dispatch.limiter
        if front is None or limiter is None:
            return inf
        return max(_TICK, limiter.earliest(front) - limiter.now())

    def _admit(self, before: tuple[float, float] | None = None) -> None:
        self._dispatch.reserve(None)
        for start, waited in self._admission.admit(self._clock(), before):
            self._waited[start.node, start.item] = waited
            self._admitted += 1
            # Those with a slot begin as they were admitted, however urgent they are.
            begun = Start(float(self._admitted), start.item, start.node, start.attempt)
            heappush(self._runner.ready, begun)
