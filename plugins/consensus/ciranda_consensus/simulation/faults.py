"""What goes wrong in a run: drawn from a seed, or written down by whoever looks for something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Entries,
    Fetch,
    Proposal,
    Timeout,
    Vote,
)

__all__ = ["KINDS", "Crash", "Cut", "Faults", "Request", "draw", "stream"]

KINDS: Final = (Proposal, Vote, Announce, Timeout, Fetch, Blocks, Entries)


def stream(seed: int, concern: str) -> random.Random:
    """Return the random numbers for one concern: what one draws is nothing to another."""
    return random.Random(f"{seed}/{concern}")


class Cut(msgspec.Struct, frozen=True):
    """Messages along these ways, (sender, receiver), are lost from one time to another."""

    start: float
    end: float
    ways: frozenset[tuple[int, int]]


class Crash(msgspec.Struct, frozen=True):
    """A validator dies in the middle of its first input after `at`.

    Attributes:
        outputs: So many of that input's outputs still take effect, in order.
        down: How long it is away; at most until gst.
        keeps: How many of the agreed blocks that were not made durable are on its disk still.
    """

    at: float
    seat: int
    outputs: int
    down: float
    keeps: int


class Request(msgspec.Struct, frozen=True):
    """Somebody hands an entry to a validator."""

    at: float
    seat: int
    entry: bytes


class Faults(msgspec.Struct, frozen=True):
    """A run: who takes part and what goes wrong. Times are in units of Delta.

    Attributes:
        seed: For all that is drawn while it runs.
        nodes: How many validators there are.
        faulty: Which of them are Byzantine, and the name of their strategy.
        gst: From then on every message takes at most 1.
        loss: The share of messages that are lost before.
        back: The share of those that come after all, later than `gst`.
        twice: The share that comes twice.
        delay: How long a message may take before `gst`.
        slow: Kinds of messages that take longer before `gst`, and how many times.
        sluggish: Validators whose messages take longer before `gst`, and how many times.
    """

    seed: int
    nodes: int
    faulty: tuple[tuple[int, str], ...] = ()
    gst: float = 0.0
    loss: float = 0.0
    back: float = 0.3
    twice: float = 0.0
    delay: float = 1.0
    slow: tuple[tuple[str, float], ...] = ()
    sluggish: tuple[tuple[int, float], ...] = ()
    cuts: tuple[Cut, ...] = ()
    crashes: tuple[Crash, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def deadline(self) -> float:
        """When every honest validator must have agreed on something new: 20 (f + 2) after gst."""
        return self.gst + 20 * ((self.nodes - 1) // 3 + 2)


def draw(
    seed: int, nodes: int, strategies: Sequence[str] = (), *, faulty: int | None = None
) -> Faults:
    """Draw the faults of a run.

    Args:
        seed: Decides all.
        nodes: How many validators there are.
        strategies: Names of those that Byzantine validators choose from; none are there without.
        faulty: How many are Byzantine; if None up to as many as the protocol bears.
    """
    most = (nodes - 1) // 3
    byzantine = stream(seed, "byzantine")
    count = byzantine.randint(0, most) if faulty is None else faulty
    seats = byzantine.sample(range(nodes), count) if strategies else []
    twisted = tuple((seat, byzantine.choice(strategies)) for seat in sorted(seats))
    rng = stream(seed, "faults")
    gst = rng.uniform(10, 50)
    calm = not rng.randrange(5)  # little goes wrong: what needs many steps in a row gets its chance
    return Faults(
        seed=seed,
        nodes=nodes,
        faulty=twisted,
        gst=gst,
        loss=0.0 if calm else rng.choice((0.0, rng.uniform(0, 0.1), rng.uniform(0, 0.4))),
        twice=rng.choice((0.0, rng.uniform(0, 0.3))),
        delay=1.0 if calm else rng.choice((1.0, 4.0, 20.0)),
        slow=tuple(
            (kind.__name__, rng.uniform(3, 20))
            for kind in rng.sample(KINDS[:4], rng.choice((0, 0, 1, 2)))
        ),
        sluggish=tuple(
            (seat, rng.uniform(3, 20)) for seat in rng.sample(range(nodes), rng.choice((0, 0, 1)))
        ),
        cuts=tuple(_cut(rng, nodes, gst) for _ in range(rng.choice((0, 0, 1, 2, 3)))),
        crashes=tuple(
            Crash(
                at=rng.uniform(0, gst),
                seat=rng.randrange(nodes),
                outputs=rng.randint(0, 4),
                down=rng.uniform(0.5, gst / 2),
                keeps=rng.randint(0, 2),
            )
            for _ in range(rng.choice((0, 0, 1, 2, 3)))
        ),
        requests=_requests(stream(seed, "requests"), nodes, gst),
    )


def _cut(rng: random.Random, nodes: int, gst: float) -> Cut:
    """Return a partition into two or three groups, or a cut of single ways in one direction."""
    start = rng.uniform(0, gst)
    groups = rng.randint(1, 3)
    if groups == 1:
        ways = [
            (one, two)
            for one in range(nodes)
            for two in range(nodes)
            if one != two and not rng.randrange(3)
        ]
    else:
        group = [rng.randrange(groups) for _ in range(nodes)]
        ways = [
            (one, two) for one in range(nodes) for two in range(nodes) if group[one] != group[two]
        ]
    return Cut(start, min(gst, start + rng.uniform(2, 25)), frozenset(ways))


def _requests(rng: random.Random, nodes: int, gst: float) -> tuple[Request, ...]:
    early = [
        Request(rng.uniform(0, gst), rng.randrange(nodes), b"note %d" % number)
        for number in range(rng.randint(2, 6))
    ]
    # Whoever is faulty may keep a request to itself: one at each validator, when all is well.
    late = [Request(gst, seat, b"late %d" % seat) for seat in range(min(nodes, 8))]
    return (*early, *late)
