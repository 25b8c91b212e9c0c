"""Stakes that are not equal: it is the stake that counts, in every quorum and on every way on."""

import random
from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest

from ciranda_consensus.protocol import Block, Phase, Validator
from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Fetch,
    Fired,
    Proposal,
    Receive,
    Refused,
    Send,
    SetTimer,
    Submit,
)
from ciranda_consensus.simulation import EVERY, Simulation, draw
from ciranda_consensus.simulation.oracle import Oracle

from .test_replica import Four, messages

FOUND = (1085, 1182, 2561)  # seeds that once failed


class Unequal(Oracle):
    """Signatures of validators whose stakes somebody names."""

    def __init__(self, stakes):
        super().__init__()
        self.stakes = stakes

    def members(self, nodes):
        return tuple(
            Validator(sha256(b"validator %d" % seat).digest(), self.stakes[seat])
            for seat in range(nodes)
        )


def drawn(seed):
    """Return stakes and faults: as much stake is faulty as may be, with all that goes wrong."""
    rng = random.Random(seed)
    nodes = rng.randint(4, 8)
    stakes = [rng.choice([1, 1, 2, 3]) for _ in range(nodes)]
    stakes[rng.randrange(nodes)] += rng.choice([0, sum(stakes) // 2])  # some have a third or more
    quorum = 2 * sum(stakes) // 3 + 1
    left, bad = sum(stakes) - quorum, []
    for seat in rng.sample(range(nodes), nodes):
        if stakes[seat] <= left:
            left -= stakes[seat]
            bad.append((seat, rng.choice(EVERY)))
    faults = draw(seed, nodes, EVERY, faulty=0)
    assert max(stakes) < quorum  # none decides alone
    return stakes, msgspec.structs.replace(faults, faulty=tuple(sorted(bad)))


@pytest.mark.uncounted
def test_nothing_forks_or_stalls_with_unequal_stakes():
    for seed in (*range(120), *FOUND):
        stakes, faults = drawn(seed)
        run = Simulation(faults, oracle=Unequal(stakes))
        report = run.run(until=faults.gst + 20 * (faults.nodes + 2))
        assert report.good, (seed, stakes, report)


def test_who_completes_the_quorum_by_giving_up_waits_in_the_next_view_too():
    """The timer of the next view once counted for the view before: none ever rang again."""
    four = Four(stakes=(5, 1, 1, 3))
    one = four.replicas[0]
    out = one.handle(Submit((b"note",)), 5)
    for seat in (1, 2):
        said = four.voices[seat].timeout(1, one.promise.high, None)
        out += one.handle(Receive(seat, said), 5)
    (timer,) = [each for each in out if isinstance(each, SetTimer)]
    out = one.handle(Fired(timer.view, timer.attempt), 5)
    assert one.view == 2

    (timer,) = [each for each in out if isinstance(each, SetTimer)]
    one.handle(Fired(timer.view, timer.attempt), 5)

    assert one.promise.gone == 2


def test_who_brings_blocks_is_not_blamed_for_the_proposal_that_waited_for_them():
    four = Four()
    first = four.proposal().block
    agreed = four.certificate(Phase.COMMIT, first.hash)
    behind, leader = four.replicas[3], four.replica(2, blocks=(first,))
    leader.handle(Receive(1, Announce(agreed)), 5)
    (good,) = messages(leader.handle(Submit((b"next",)), 9), Proposal)
    wrong = Block(replace(good.block.header, time=0), good.block.entries)
    seal = four.voices[2].seal(2, 2, wrong.hash)
    bad = msgspec.structs.replace(good, block=wrong, signature=seal)

    asked = [
        each.to
        for each in behind.handle(Receive(1, Announce(agreed)), 5)
        if isinstance(each, Send) and isinstance(each.message, Fetch)
    ]
    behind.handle(Receive(2, bad), 5)
    out = behind.handle(Receive(asked[0], Blocks((first,), agreed)), 5)

    assert asked != [2]
    assert [each for each in out if isinstance(each, Refused)] == [Refused(2, "malformed")]
