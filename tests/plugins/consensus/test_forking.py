"""Too many faulty validators: the agreement may fork, and then they are named."""

import msgspec
import pytest

from ciranda_consensus.protocol import Phase, TimeoutCertificate
from ciranda_consensus.protocol.blame import Offence, blame
from ciranda_consensus.simulation import draw
from ciranda_consensus.simulation.forking import culprits, fork
from ciranda_consensus.simulation.simulator import Simulation


def forks(nodes, faulty, count, strategies=("equivocate",)):
    return [
        found
        for seed in range(count)
        if (found := fork(draw(seed, nodes, strategies, faulty=faulty))).forked
    ]


@pytest.mark.uncounted
@pytest.mark.parametrize(("nodes", "faulty", "seeds"), [(4, 2, 100), (7, 3, 60), (10, 5, 40)])
def test_a_fork_names_more_than_a_third_and_nobody_honest(nodes, faulty, seeds):
    found = forks(nodes, faulty, seeds)

    assert len(found) >= seeds // 4
    for one in found:
        assert len(one.named) >= (nodes - 1) // 3 + 1
        assert not one.innocent


@pytest.mark.uncounted
def test_no_fork_is_seen_when_few_enough_are_faulty():
    assert forks(7, 2, 40) == []


def forked(nodes, faulty, offence):
    for seed in range(400):
        simulation = Simulation(draw(seed, nodes, ["equivocate"], faulty=faulty), forks=True)
        simulation.run()
        if simulation.watch.forked:
            for found in culprits(simulation):
                if found.offence == offence:
                    return simulation, found
    raise AssertionError("no such fork")


def test_what_shows_who_voted_for_two_blocks_is_checked_with_the_set_alone():
    simulation, found = forked(4, 2, Offence.TWO_BLOCKS)
    known, oracle = simulation.validators, simulation.oracle

    assert found.holds(known, oracle)
    change = msgspec.structs.replace
    wrong = [
        change(found, signers=0),
        change(found, signers=(1 << 4) - 1),
        change(found, other=found.locked),
        change(found, offence=Offence.AGAINST_LOCK),
        change(found, locked=change(found.locked, view=found.locked.view + 1)),
        change(found, other=change(found.other, signatures=(bytes(32),) * 3)),
    ]
    assert not any(one.holds(known, oracle) for one in wrong)


def test_a_timeout_that_told_less_than_its_sender_knew_is_shown():
    simulation, found = forked(7, 4, Offence.FALSE_TIMEOUT)
    known, oracle = simulation.validators, simulation.oracle

    assert isinstance(found.other, TimeoutCertificate)
    assert found.holds(known, oracle)
    change = msgspec.structs.replace
    wrong = [
        change(found, offence=Offence.TWO_BLOCKS),
        change(found, locked=change(found.locked, phase=Phase.PREPARE)),
        change(found, other=change(found.other, highs=(99,) * len(found.other.highs))),
    ]
    assert not any(one.holds(known, oracle) for one in wrong)


def test_two_certificates_of_one_branch_blame_nobody():
    simulation = Simulation(draw(3, 4, []))
    simulation.run()
    heights = simulation.watch.commits
    blocks = [one for at in heights.values() for one in at.values()]
    low, high = blocks[0].certificate, blocks[-1].certificate

    assert low.view < high.view
    assert (
        blame(
            low,
            high,
            validators=simulation.validators,
            verifier=simulation.oracle,
            headers={one.block.hash: one.block.header for one in blocks},
            certificates=[one.certificate for one in blocks],
            excuses={},
        )
        == []
    )
