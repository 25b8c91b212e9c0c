"""A network of validators in virtual time: a seed gives the same run, always and everywhere."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final, Protocol, final
from zlib import crc32

import msgspec

from ciranda_consensus.protocol import (
    Block,
    Pacing,
    Replica,
    ValidatorSet,
    genesis,
    origin,
)
from ciranda_consensus.protocol.chain import ForkError
from ciranda_consensus.protocol.messages import (
    ALL,
    Accused,
    Committed,
    Fired,
    Input,
    Message,
    Output,
    Persist,
    Receive,
    Refused,
    Restarted,
    Send,
    SetTimer,
    Submit,
)
from ciranda_consensus.simulation.byzantine import STRATEGIES, Kit, Strategy
from ciranda_consensus.simulation.disk import Disk
from ciranda_consensus.simulation.faults import Crash, Faults, stream
from ciranda_consensus.simulation.invariants import Signed, Violation, Watch
from ciranda_consensus.simulation.notes import Noted, Notes
from ciranda_consensus.simulation.oracle import Oracle, Signatures

__all__ = ["PACING", "MakeReplica", "Report", "Simulation"]

CHAIN: Final = "simulation"
PACING: Final = Pacing(base=7.5, factor=1.25, most=10.0)  # a block takes six, and hearing of it one
MOST_DELIVERIES: Final = 1_000_000
LINE: Final = 20  # messages that a Byzantine validator gets through in a Delta, or there is no end


class MakeReplica(Protocol):
    """Makes a replica; `Replica` does, and so do its broken variants."""

    def __call__(self, *args: Any, **named: Any) -> Replica:
        """Take what `Replica` takes."""


class Report(msgspec.Struct, frozen=True):
    """What became of a run.

    Attributes:
        seed: Of its faults.
        nodes: How many validators there were.
        faulty: The Byzantine ones and their strategies.
        violation: What must not happen and did; "" if nothing did.
        stalled: The honest validators that agreed on nothing new in time after gst.
        blocks: The height that was agreed on by all honest ones.
        views: The highest view of an honest one.
        deliveries: How many inputs were handled.
        messages: How many messages were sent.
        ended: The virtual time at the end, in units of Delta.
        trace: A checksum of all that happened, in order.
    """

    seed: int
    nodes: int
    faulty: tuple[tuple[int, str], ...]
    violation: str
    stalled: tuple[int, ...]
    blocks: int
    views: int
    deliveries: int
    messages: int
    ended: float
    trace: int

    @property
    def good(self) -> bool:
        """Whether all was as it must be."""
        return not self.violation and not self.stalled


@final
class Simulation:
    """One run.

    Args:
        faults: What goes wrong.
        replica: Makes an honest replica.
        oracle: Everybody's keys; ideal ones if None.
        forks: Whether to go on after two blocks of one height were agreed on.
        in_block: The most entries in a block.
        trace: Whether to compute the checksum of what happened.

    Attributes:
        now: The virtual time, in units of Delta.
        watch: Looks at everything.
        disks: Of each validator.
    """

    def __init__(
        self,
        faults: Faults,
        *,
        replica: MakeReplica = Replica,
        oracle: Signatures | None = None,
        forks: bool = False,
        in_block: int = 3,
        trace: bool = False,
    ) -> None:
        self.faults: Final = faults
        self.oracle: Final[Signatures] = oracle or Oracle()
        self.validators: Final = ValidatorSet(CHAIN, 1, self.oracle.members(faults.nodes))
        self.first: Final[Block] = genesis(CHAIN, 1, self.validators.hash, Noted().root)
        count = faults.nodes
        bad = dict(faults.faulty)
        self.honest: Final = [seat for seat in range(count) if seat not in bad]
        self.watch: Final = Watch(
            self.validators, frozenset(self.honest), self.oracle, self.first, forks=forks
        )
        tip = Committed(self.first, origin(self.first), Noted())
        self.disks: Final = [Disk(tip) for _ in range(count)]
        self.replicas: Final[list[Replica | None]] = [None] * count
        self.now = 0.0
        self.messages = 0
        self.deliveries = 0
        self._replica: Final = replica
        self._in_block: Final = in_block
        self._executions: Final[dict[Any, Any]] = {}
        self._heap: Final[list[tuple[float, int, int, Any]]] = []
        self._pushed = 0
        self._random: Final = stream(faults.seed, "network").random
        slow, sluggish = dict(faults.slow), dict(faults.sluggish)
        self._slow: Final = slow
        self._sluggish: Final = [sluggish.get(seat, 1.0) for seat in range(count)]
        self._dying: Final[dict[int, Crash]] = {}
        self._trace: int | None = 0 if trace else None
        self._takers: Final[list[Callable[[Input, int], list[Output]] | None]] = [None] * count
        self._line: Final = [0.0] * count
        self._twisted: Final[dict[int, Strategy]] = {}
        for seat in self.honest:
            self._begin(seat)
        for seat, name in bad.items():
            self._twisted[seat] = STRATEGIES[name](self._kit(seat))
            self._takers[seat] = self._twisted[seat].handle
        for seat in range(count):
            self._push(0.0, seat, Restarted())
        for request in faults.requests:
            self._push(request.at, request.seat, Submit((request.entry,)))
        for crash in faults.crashes:
            if crash.seat not in bad:
                self._push(crash.at, crash.seat, crash)

    def _make(self, seat: int, signer: Any, disk: Disk, replica: MakeReplica) -> Replica:
        return replica(
            self.validators,
            seat,
            signer,
            self.oracle,
            Notes(disk.tip.state, self._executions, self._in_block),
            first=self.first,
            tip=disk.tip,
            promise=disk.promise,
            blocks=disk.blocks(),
            pacing=PACING,
        )

    def _kit(self, seat: int) -> Kit:
        handle = self.oracle.handle(self.validators.members[seat].public)

        def make() -> Replica:
            tip = Committed(self.first, origin(self.first), Noted())
            return self._make(seat, handle, Disk(tip), Replica)

        rng = stream(self.faults.seed, f"byzantine {seat}")
        partners = frozenset(other for other, _ in self.faults.faulty if other != seat)
        return Kit(self.validators, seat, handle, self.oracle, self.first, rng, make, partners)

    def _begin(self, seat: int) -> None:
        handle = self.oracle.handle(self.validators.members[seat].public)
        signer = Signed(handle, seat, self.watch)
        replica = self._make(seat, signer, self.disks[seat], self._replica)
        self.replicas[seat] = replica
        self._takers[seat] = replica.handle

    def _push(self, at: float, seat: int, what: Any) -> None:
        self._pushed += 1
        heappush(self._heap, (at, self._pushed, seat, what))

    def run(self, *, until: float | None = None) -> Report:
        """Run to the end and say what became of it.

        Args:
            until: When it ends; the deadline of the faults if None. It ends earlier when all that
                was asked for is agreed on by all, and never later than when nothing is left to do.
        """
        end = self.faults.deadline if until is None else until
        violation, goal = "", 0
        try:
            self._run(self.faults.gst)
            goal = 1 + max(self.watch.heights[seat] for seat in self.honest)
            late = {one.entry for one in self.faults.requests if one.at >= self.faults.gst}
            while self.now < end and self._heap and not self._done(goal, late):
                self._run(min(end, self.now + 2))
        except Violation as problem:
            violation = str(problem)
        except ForkError as problem:
            violation = f"a replica stops: {problem}"
        heights = [self.watch.heights[seat] for seat in self.honest]
        stalled = [seat for seat in self.honest if self.watch.heights[seat] < goal]
        views = [one.promise.view for one in self.replicas if one is not None]
        return Report(
            seed=self.faults.seed,
            nodes=self.faults.nodes,
            faulty=self.faults.faulty,
            violation=violation,
            stalled=() if violation else tuple(stalled),
            blocks=min(heights),
            views=max(views),
            deliveries=self.deliveries,
            messages=self.messages,
            ended=self.now,
            trace=self._trace or 0,
        )

    def _done(self, goal: int, late: set[bytes]) -> bool:
        heights = {self.watch.heights[seat] for seat in self.honest}
        if len(heights) > 1 or min(heights) < goal:
            return False
        agreed = self.watch.commits[min(heights)]
        return all(late <= one.state.notes for one in agreed.values())

    def _run(self, until: float) -> None:
        """Handle everything up to a time: the loop that all the speed depends on."""
        heap, takers, replicas, watch = self._heap, self._takers, self.replicas, self.watch
        keeps, promises = watch.keeps, [one and one.promise for one in replicas]
        done = 0
        while heap and heap[0][0] <= until:
            now, _, seat, what = heappop(heap)
            self.now = now
            take = takers[seat]
            kind = type(what)
            if kind is Crash or take is None:
                self._fault(seat, what)
                promises[seat] = self.replicas[seat] and self.replicas[seat].promise  # type: ignore[union-attr]
                continue
            done += 1
            if self._trace is not None:
                line = b"%d %r %d %s" % (self._trace, now, seat, kind.__name__.encode())
                self._trace = crc32(line)
            if self._dying and seat in self._dying:
                self._die(seat, what)
                continue
            outputs = take(what, int(now * 1000))
            replica = replicas[seat]
            if replica is not None:
                if replica.promise is not promises[seat]:
                    promises[seat] = replica.promise
                    keeps(seat, replica)
                if outputs:
                    self._perform(seat, outputs)
            elif outputs:
                self._twist(seat, outputs)
        self.deliveries += done
        if self.deliveries > MOST_DELIVERIES:
            raise Violation(f"{self.deliveries} deliveries and no end")
        self.now = max(self.now, until) if not heap or heap[0][0] > until else self.now

    def _perform(self, seat: int, outputs: list[Output]) -> None:
        watch, disk = self.watch, self.disks[seat]
        for out in outputs:
            kind = type(out)
            if kind is Send:
                message = out.message  # type: ignore[union-attr]
                watch.sends(seat, message, disk)
                self._send(seat, out.to, message)  # type: ignore[union-attr]
            elif kind is Persist:
                disk.persist(out)  # type: ignore[arg-type]
                if out.blocks:  # type: ignore[union-attr]
                    watch.promises(seat, out)  # type: ignore[arg-type]
            elif kind is SetTimer:
                self._push(self.now + out.delay, seat, Fired(out.view, out.attempt))  # type: ignore[union-attr]
            elif kind is Committed:
                watch.agrees(seat, out)  # type: ignore[arg-type]
                disk.commit(out)  # type: ignore[arg-type]
            elif kind is Refused:
                watch.refuses(out.sender, out.reason)  # type: ignore[union-attr]
            elif kind is Accused:
                watch.accuses(out.evidence)  # type: ignore[union-attr]

    def _twist(self, seat: int, outputs: list[Output]) -> None:
        """Do what a Byzantine one wants, within the limits of its line."""
        for out in outputs:
            if type(out) is Send:
                if self._line[seat] > LINE * (self.now + 1):
                    continue
                self._line[seat] += len(self.validators) if out.to == ALL else 1
                self._send(seat, out.to, out.message)
            elif type(out) is SetTimer:
                self._push(self.now + out.delay, seat, Fired(out.view, out.attempt))

    def _send(self, sender: int, to: int, message: Message) -> None:
        what = Receive(sender, message)
        random, now, heap, faults = self._random, self.now, self._heap, self.faults
        early = now < faults.gst
        for receiver in range(faults.nodes) if to == ALL else (to,):
            if receiver == sender:
                continue
            self._pushed += 1
            if not early:
                heappush(heap, (now + 0.1 + 0.9 * random(), self._pushed, receiver, what))
                continue
            if random() < faults.loss or (
                faults.cuts
                and any(
                    cut.start <= now < cut.end and (sender, receiver) in cut.ways
                    for cut in faults.cuts
                )
            ):
                if random() < faults.back:
                    at = faults.gst + 10 * random()
                    heappush(heap, (at, self._pushed, receiver, what))
                continue
            delay = random() * faults.delay * self._sluggish[sender]
            if self._slow:
                delay *= self._slow.get(type(message).__name__, 1.0)
            heappush(heap, (now + delay, self._pushed, receiver, what))
            if faults.twice and random() < faults.twice:
                self._pushed += 1
                heappush(heap, (now + delay * 3 * random(), self._pushed, receiver, what))
        self.messages += len(self.validators) - 1 if to == ALL else 1

    def _fault(self, seat: int, what: Any) -> None:
        """Handle a crash, or what comes to a validator that is away."""
        if type(what) is Crash:
            if self._takers[seat] is not None:
                self._dying[seat] = what
        elif type(what) is _Back:
            self.watch.restarts(seat, self.disks[seat])
            self._begin(seat)
            self._push(self.now, seat, Restarted())
        elif type(what) is Submit:  # whoever asks tries again
            self._push(self.now + 1, seat, what)

    def _die(self, seat: int, what: Input) -> None:
        """Handle an input of which only the first outputs take effect."""
        crash, take = self._dying.pop(seat), self._takers[seat]
        assert take is not None  # who is away dies not
        self.watch.dies()
        outputs = take(what, int(self.now * 1000))
        self._perform(seat, outputs[: crash.outputs])
        self.watch.died(self.disks[seat])
        self.disks[seat].crash(crash.keeps)
        self._takers[seat] = None
        back = max(self.now, min(self.now + crash.down, self.faults.gst))
        self._push(back, seat, _Back())
        if type(what) is Submit:
            self._push(back + 1, seat, what)


class _Back(msgspec.Struct, frozen=True):
    """A validator that was away is back."""
