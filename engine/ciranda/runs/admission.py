"""Which of the ready steps may start: slots, resources and the limiter's word, without a loop.

Steps that hold the same and are both asked about, or both not, stand in one line: where its first
one does not fit, none does. So a pass looks at lines, not at steps, and a line that lacks a
resource is not looked at again before some of it is given back.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Final, NamedTuple, final

from ciranda.runs.commands import Start
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.graph import Graph

__all__ = ["Admission", "Admitted"]

Key = tuple[int, int]
Units = tuple[tuple[str, int], ...]
Costs = tuple[int, ...]

_TOLD: Final = 1e-6  # seconds; a shorter wait is none


class Admitted(NamedTuple):
    """A step that may start, and how long it was ready: seconds by what it waited for."""

    start: Start
    waited: dict[str, float]


class _Waiting(NamedTuple):
    """A ready step; sorts by its place, then by how urgent and how old it is."""

    place: float
    urgency: float
    since: float
    item: int
    node: int
    start: Start
    full: float  # seconds that slots had been full for until then
    held: float  # seconds that the limiter had held its front back for until then


@final
class _Line:
    """Waiting steps that hold the same units, the first in front."""

    __slots__ = ("blocked", "costed", "steps", "units")

    def __init__(self, units: Units, costed: bool) -> None:
        self.units: Final = units
        self.costed: Final = costed
        self.steps: Final[list[_Waiting]] = []
        self.blocked = False  # it lacks a resource of which nothing was given back since


@final
class Admission:
    """The waiting steps of one run, and what those under way hold.

    Args:
        dispatch: The rules.
        graph: The steps of the run itself.
        owner: The step of the run that a step is in, whose rules are its own; -1 is none.
        waits: Whether a step still waits: it may have been cancelled meanwhile.
        grant: Takes the cost of an attempt from the limiter; False if it has to wait.
        most: Steps under way at once, whatever the rules say.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        graph: Graph,
        owner: Callable[[int], int],
        waits: Callable[[Start], bool],
        grant: Callable[[Key, Costs], bool],
        most: int | None = None,
    ) -> None:
        self._dispatch: Final = dispatch
        self._owner: Final = owner
        self._waits: Final = waits
        self._grant: Final = grant
        self._most: Final = inf if most is None else most
        self._graph: Final = graph
        # The last of each is for the handlers of the run.
        self._places = [*(dispatch.order.get(node.id, inf) for node in graph.nodes), inf]
        self._revision = dispatch.revision
        self._costs: Final = [*(dispatch.costs.get(node.id) for node in graph.nodes), None]
        lines: dict[tuple[Units, bool], _Line] = {}
        self._lines: Final[list[_Line]] = []
        for node, cost in zip((*graph.nodes, None), self._costs, strict=True):
            wanted = dispatch.demands.get(node.id) if node is not None else None
            key = (tuple(sorted(wanted.items())) if wanted else (), cost is not None)
            if key not in lines:
                lines[key] = _Line(*key)
            self._lines.append(lines[key])
        self._left: Final = dict(dispatch.capacities)
        self._under_way: Final[dict[Key, Units]] = {}
        # The first of each line that may have a chance; entries go stale and are dropped late.
        self._free: Final[list[tuple[_Waiting, int, _Line]]] = []
        self._costed: Final[list[tuple[_Waiting, int, _Line]]] = []
        self._blocked: Final[dict[str, list[_Line]]] = {}
        self._listed = 0
        self._count = 0
        self._at = 0.0
        self._full = self._held = 0.0
        self._is_full = False
        self.front: Costs | None = None  # what the step costs that waits for the limiter

    def __contains__(self, key: Key) -> bool:
        return key in self._under_way

    @property
    def idle(self) -> bool:
        """Whether a slot is free while somebody waits."""
        return self._count > 0 and self._has_slot()

    def push(self, start: Start, now: float) -> None:
        """Let a step wait for its turn."""
        self._tell_time(now)
        owner = self._owner(start.node)
        line = self._lines[owner]
        waiting = _Waiting(
            self._places[owner],
            start.urgency,
            now,
            start.item,
            start.node,
            start,
            self._full,
            self._held,
        )
        heappush(line.steps, waiting)
        self._count += 1
        if not line.blocked and line.steps[0] is waiting:
            self._list(line)

    def admit(self, now: float, before: tuple[float, float] | None = None) -> list[Admitted]:
        """Take those that may start, in their order; what they hold is theirs at once.

        Args:
            now: The time, in seconds.
            before: A place and an urgency; only those are taken that come before it, and before
                all that lack something.
        """
        self._tell_time(now)
        if self._revision != self._dispatch.revision:
            self._reorder()
        self.front = None
        admitted: list[Admitted] = []
        if before is not None and self._blocked:
            return admitted
        while self._has_slot() and (line := self._first()) is not None:
            waiting = line.steps[0]
            if before is not None and waiting[:2] >= before:
                self._list(line)
                break
            lacking = next((name for name, units in line.units if units > self._left[name]), None)
            if lacking is not None:
                line.blocked = True
                self._blocked.setdefault(lacking, []).append(line)
                if before is None:
                    continue
                break
            key, cost = (waiting.node, waiting.item), self._costs[self._owner(waiting.node)]
            if cost is not None and not self._grant(key, cost):
                self.front = cost
                self._list(line)
                if before is None:
                    continue
                break
            self._drop(line)
            for name, units in line.units:
                self._left[name] -= units
            self._under_way[key] = line.units
            admitted.append(Admitted(waiting.start, self._waited(waiting, line, now)))
        self._is_full = not self._has_slot()
        return admitted

    def _reorder(self) -> None:
        """Give those that wait, and all that will, the places of the new order."""
        order = self._dispatch.order
        self._revision = self._dispatch.revision
        self._places = [*(order.get(node.id, inf) for node in self._graph.nodes), inf]
        self._free.clear()
        self._costed.clear()
        for line in {id(line): line for line in self._lines}.values():
            line.steps[:] = sorted(
                each._replace(place=self._places[self._owner(each.node)]) for each in line.steps
            )
            if not line.blocked:
                self._list(line)

    def release(self, key: Key) -> None:
        """Give back what a step held; nothing if it holds nothing."""
        for name, units in self._under_way.pop(key, ()):
            self._left[name] += units
            for line in self._blocked.pop(name, ()):
                line.blocked = False
                self._list(line)

    def _has_slot(self) -> bool:
        most = self._dispatch.most
        return len(self._under_way) < (self._most if most is None else min(most, self._most))

    def _drop(self, line: _Line) -> None:
        """Take the first of a line out of it."""
        heappop(line.steps)
        self._count -= 1
        self._list(line)

    def _list(self, line: _Line) -> None:
        """Give the first of a line its chance."""
        if line.steps:
            self._listed += 1
            chances = self._costed if line.costed else self._free
            heappush(chances, (line.steps[0], self._listed, line))

    def _first(self) -> _Line | None:
        """Take the line whose first step comes before all others that have a chance."""
        free = self._settle(self._free)
        # Nobody goes past the one that waits for the limiter.
        costed = self._settle(self._costed) if self.front is None else None
        chances = self._free if costed is None or (free and free < costed) else self._costed
        return heappop(chances)[2] if free or costed else None

    def _settle(self, chances: list[tuple[_Waiting, int, _Line]]) -> _Waiting | None:
        """Drop what is stale, in the list and in its lines; return the first step."""
        while chances:
            waiting, _, line = chances[0]
            if line.blocked or not line.steps or line.steps[0] is not waiting:
                heappop(chances)
            elif not self._waits(waiting.start):
                heappop(chances)
                self._drop(line)
            else:
                return waiting
        return None

    # How long, and for what

    def _tell_time(self, now: float) -> None:
        """Count the time since the last change for what was lacking then."""
        if self._is_full:
            self._full += now - self._at
        elif self.front is not None:
            self._held += now - self._at
        self._at = now

    def _waited(self, waiting: _Waiting, line: _Line, now: float) -> dict[str, float]:
        full = self._full - waiting.full
        held = self._held - waiting.held if line.costed else 0.0
        rest = now - waiting.since - full - held if line.units else 0.0
        told = {"workers": full, "limit": held, "resources": rest}
        return {name: seconds for name, seconds in told.items() if seconds > _TOLD}
