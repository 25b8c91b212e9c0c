"""Systematic scenarios after Twins (Bano et al., 2020): one key runs twice, views are cut in two.

A scenario says who leads each of the first views and how the replicas are cut in two while they
are in it; after a time all is well. Two replicas with one key do what a Byzantine validator can do
by keeping the rules twice: two proposals, two votes, two memories.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import permutations, product
from typing import Any, Final, final

import msgspec

from ciranda_consensus.protocol import Replica, ValidatorSet, genesis, origin
from ciranda_consensus.protocol.messages import (
    ALL,
    Accused,
    Announce,
    Committed,
    Fired,
    Input,
    Message,
    Persist,
    Proposal,
    Receive,
    Refused,
    Restarted,
    Send,
    SetTimer,
    Submit,
    Timeout,
    Vote,
)
from ciranda_consensus.simulation.disk import Disk
from ciranda_consensus.simulation.invariants import Signed, Violation, Watch
from ciranda_consensus.simulation.notes import Noted, Notes
from ciranda_consensus.simulation.oracle import Oracle
from ciranda_consensus.simulation.simulator import CHAIN, PACING, MakeReplica

__all__ = ["Scenario", "play", "scenarios"]

SEATS: Final = 4
TWIN: Final = 0  # the seat that runs twice: processes 0 and 4
PROCESSES: Final = SEATS + 1
SPLITS: Final = 1 << SEATS  # process 0 is always on one side
CUT: Final = 25  # Delta that the cuts last for each view of a scenario
PATIENCE: Final = 60  # Delta that agreement may take after them: 20 (f + 2)


class Scenario(msgspec.Struct, frozen=True, order=True):
    """Who leads, and who hears whom.

    Attributes:
        leaders: The seats that lead views 1, 2 and so on.
        splits: For each of these views the processes 1 to 4 that hear 0, as bits; others hear
            each other.
    """

    leaders: tuple[int, ...]
    splits: tuple[int, ...]


@final
class _Led(ValidatorSet):
    def __init__(self, leaders: tuple[int, ...]) -> None:
        super().__init__(CHAIN, 1, Oracle().members(SEATS))
        self._leaders: Final = leaders

    def leader(self, view: int) -> int:
        """Return the leader that a scenario names, and take turns after it."""
        return self._leaders[view - 1] if view <= len(self._leaders) else view % SEATS


def scenarios(views: int, most: int, *, seed: int = 0) -> Iterator[Scenario]:
    """Return scenarios of so many views, none of them twice up to who is who.

    All if there are not more than `most`; else so many of them, drawn.
    """
    one = list(product(range(SEATS), range(SPLITS)))
    seen: set[Scenario] = set()
    if len(one) ** views <= most * 12:
        everything = product(one, repeat=views)
    else:
        rng = random.Random(seed)
        everything = (tuple(rng.choice(one) for _ in range(views)) for _ in range(most * 2))  # type: ignore[assignment]
    for rows in everything:
        found = _canonical(tuple(rows))
        if found not in seen:
            seen.add(found)
            yield found
            if len(seen) == most:
                return


_NAMES: Final = list(permutations((1, 2, 3)))


def _canonical(rows: tuple[tuple[int, int], ...]) -> Scenario:
    """Return the least scenario that differs in the names of the honest ones and twins only."""
    return min(_renamed(rows, (0, *order), swap) for order in _NAMES for swap in (False, True))


def _renamed(rows: tuple[tuple[int, int], ...], names: tuple[int, ...], swap: bool) -> Scenario:
    splits = []
    for _, split in rows:
        side = {0} | {process for process in range(1, PROCESSES) if split >> (process - 1) & 1}
        if swap:  # the twins change places
            side = {{0: 4, 4: 0}.get(process, process) for process in side}
        side = {names[process] if process < SEATS else process for process in side}
        if 0 not in side:
            side = set(range(PROCESSES)) - side
        splits.append(sum(1 << (process - 1) for process in side if process))
    return Scenario(tuple(names[leader] for leader, _ in rows), tuple(splits))


def play(scenario: Scenario, *, replica: MakeReplica = Replica) -> str:
    """Run a scenario; return what happened that must not, or "" if nothing did."""
    return _Play(scenario, replica).run()


@final
class _Play:
    def __init__(self, scenario: Scenario, replica: MakeReplica) -> None:
        self._scenario: Final = scenario
        validators = _Led(scenario.leaders)
        oracle = Oracle()
        first = genesis(CHAIN, 1, validators.hash, Noted().root)
        tip = Committed(first, origin(first), Noted())
        self._watch: Final = Watch(validators, frozenset(range(1, SEATS)), oracle, first)
        self._disks: Final = [Disk(tip) for _ in range(PROCESSES)]
        self._heap: Final[list[tuple[float, int, int, Input]]] = []
        self._pushed = 0
        self._whole: Final = CUT * len(scenario.leaders)
        self._now = 0.0
        executions: dict[Any, Any] = {}
        self._replicas: Final = []
        for process in range(PROCESSES):
            seat = process % SEATS
            handle = oracle.handle(validators.members[seat].public)
            honest = seat != TWIN
            self._replicas.append(
                (replica if honest else Replica)(
                    validators,
                    seat,
                    Signed(handle, seat, self._watch) if honest else handle,
                    oracle,
                    Notes(Noted(), executions),
                    first=first,
                    tip=tip,
                    pacing=PACING,
                )
            )
            self._push(0.0, process, Restarted())
            self._push(0.0, process, Submit((b"note %d" % process,)))

    def _push(self, at: float, process: int, what: Input) -> None:
        self._pushed += 1
        heappush(self._heap, (at, self._pushed, process, what))

    def run(self) -> str:
        """Play to the end."""
        end = self._whole + PATIENCE
        try:
            while self._heap and self._now < end:
                self._now, _, process, what = heappop(self._heap)
                self._step(process, what)
        except Violation as problem:
            return str(problem)
        low = min(self._watch.heights[1:])
        return "" if low else "nothing was agreed on in time"

    def _step(self, process: int, what: Input) -> None:
        replica, watch, honest = self._replicas[process], self._watch, process % SEATS != TWIN
        before = replica.promise
        outputs = replica.handle(what, int(self._now * 1000))
        if honest and replica.promise is not before:
            watch.keeps(process, replica)
        for out in outputs:
            if type(out) is Send:
                if honest:
                    watch.sends(process, out.message, self._disks[process])
                self._send(process, out.to, out.message, replica.promise.view)
            elif type(out) is SetTimer:
                self._push(self._now + out.delay, process, Fired(out.view, out.attempt))
            elif honest and type(out) is Persist:
                self._disks[process].persist(out)
                if out.blocks:
                    watch.promises(process, out)
            elif honest and type(out) is Committed:
                watch.agrees(process, out)
            elif honest and type(out) is Accused:
                watch.accuses(out.evidence)
            elif honest and type(out) is Refused:
                watch.refuses(out.sender, out.reason)

    def _send(self, sender: int, to: int, message: Message, view: int) -> None:
        what, view = Receive(sender % SEATS, message), _view(message, view)
        for process in range(PROCESSES):
            if process == sender or (to not in (ALL, process % SEATS)):
                continue
            if view <= len(self._scenario.splits) and self._now < self._whole:
                side = self._scenario.splits[view - 1] << 1 | 1
                if (side >> sender ^ side >> process) & 1:
                    continue
            self._push(self._now + 1.0, process, what)


def _view(message: Message, otherwise: int) -> int:
    """Return the view that a message is of: in that one the cut stops it."""
    if type(message) is Proposal:
        return message.block.header.view
    if type(message) is Announce:
        return message.certificate.view
    if type(message) is Vote or type(message) is Timeout:
        return message.view
    return otherwise
