"""Drivers on a simulated network, for tests of stores: one of them may die at any time."""

from __future__ import annotations

import heapq
import random
from typing import Any

from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.driver import Driver
from ciranda_consensus.protocol import (
    Block,
    Pacing,
    Phase,
    Replica,
    Validator,
    ValidatorSet,
    genesis,
    origin,
)
from ciranda_consensus.protocol.messages import (
    ALL,
    Blocks,
    Committed,
    Fired,
    Persist,
    Proposal,
    Receive,
    Restarted,
    Submit,
    Timeout,
    Vote,
)
from tests.plugins.consensus.notebook import Notebook

SIGNERS = [Signer(bytes([seat]) * 32) for seat in range(7)]
KEYS = [one.public for one in SIGNERS]


class KilledError(Exception):
    """The process died here."""


class Heap:
    """Keeps in memory what a store would keep on disk."""

    def __init__(self, first, begin):
        self.tip, self.promise, self.blocks = Committed(first, origin(first), begin), None, {}
        self.agreed = []

    def keep(self, records):
        for one in records:
            if isinstance(one, Persist):
                self.promise = one.promise
                self.blocks.update((block.hash, block) for block in one.blocks)
            elif isinstance(one, Committed):
                self.tip = one
                self.agreed.append(one)

    def above(self, height):
        rest = self.agreed[height : height + 64]
        return Blocks(tuple(one.block for one in rest), rest[-1].certificate if rest else None)

    @property
    def recovered(self):
        return self


class Wires:
    """What one driver sends and sets, seen by the world."""

    def __init__(self, world, seat):
        self.world, self.seat = world, seat

    def send(self, to, message):
        self.world.said(self.seat, message)
        for seat in range(self.world.count) if to == ALL else (to,):
            if seat != self.seat:
                self.world.push(
                    self.world.chance.random() * 0.05, seat, Receive(self.seat, message)
                )

    def refused(self, sender, reason):
        self.world.refused.append((self.seat, sender, reason))

    def alarm(self, timer):
        self.world.push(timer.delay, self.seat, Fired(timer.view, timer.attempt))


class World:
    """Validators, their drivers and what they said."""

    def __init__(self, count=4, seed=1, first=None):
        self.count, self.chance = count, random.Random(seed)
        self.verifier = Verifier()
        self.set = ValidatorSet("t", 1, [Validator(key, 1) for key in KEYS[:count]])
        self.begin = Notebook(first=first).begin()
        self.first: Block = genesis("t", 1, self.set.hash, self.begin.root)
        self.stores: list[Any] = [Heap(self.first, self.begin) for _ in range(count)]
        self.heap, self.time, self.turn, self.refused = [], 0.0, 0, []
        self.votes, self.gone = {}, {}
        self.heard: dict[type, Any] = {}
        self.drivers: list[Any] = [None] * count

    def push(self, delay, seat, what):
        self.turn += 1
        heapq.heappush(self.heap, (self.time + delay, self.turn, seat, what))

    def start(self, seat):
        found, wires = self.stores[seat].recovered, Wires(self, seat)
        blocks = found.blocks.values() if isinstance(found, Heap) else found.blocks
        replica = Replica(
            self.set,
            seat,
            SIGNERS[seat],
            self.verifier,
            Notebook(most=1),
            first=self.first,
            tip=found.tip,
            promise=found.promise,
            blocks=tuple(blocks),
            pacing=Pacing(1.0, 1.5, 30.0),
        )
        self.drivers[seat] = Driver(
            replica,
            self.stores[seat],
            wires,
            wires.alarm,
            self.verifier,
            clock=lambda: int(self.time * 1000),
        )
        self.push(0, seat, Restarted())

    def said(self, seat, message):
        """Note it; nobody may vote twice in a phase of a view, or after giving it up."""
        self.heard.setdefault(type(message), message)
        if isinstance(message, Proposal):
            header = message.block.header
            message = Vote(header.view, Phase.PREPARE, header.height, header.hash, seat, b"")
        if isinstance(message, Vote):
            key = (seat, message.view, message.phase)
            assert self.votes.setdefault(key, message.block) == message.block, "voted twice"
            assert self.gone.get(seat, 0) < message.view, "voted in a view that it gave up"
        if isinstance(message, Timeout):
            self.gone[seat] = max(self.gone.get(seat, 0), message.view)

    def submit(self, *entries):
        for seat in range(self.count):
            self.push(0, seat, Submit(entries))

    def run(self, until, died=None, limit=20_000):
        """Deliver until a condition holds."""
        for _ in range(limit):
            if until():
                return
            self.time, _, seat, what = heapq.heappop(self.heap)
            if self.drivers[seat] is None:
                continue
            try:
                self.drivers[seat].take([what])
            except KilledError:
                self.drivers[seat] = None
                died(seat)
        raise AssertionError("no progress")

    def height(self, seat):
        driver = self.drivers[seat]
        return -1 if driver is None else driver.replica.chain.tip.block.header.height

    def all_at(self, height):
        return lambda: all(self.height(seat) >= height for seat in range(self.count))
