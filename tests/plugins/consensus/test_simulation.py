"""Simulated networks: nothing that must not happen happens, and what is broken is found."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ciranda_consensus.protocol import Replica
from ciranda_consensus.simulation import (
    SEEDED,
    STRATEGIES,
    Crash,
    Faults,
    Request,
    Simulation,
    draw,
    least,
    simulate,
)
from ciranda_consensus.simulation.keys import Keys
from tests.effort import share

# Ten thousand runs when thorough; CONSENSUS_SEEDS makes it that many of each size.
SEEDS = int(os.environ.get("CONSENSUS_SEEDS", "0"))
SIZES = {
    nodes: share(runs) for nodes, runs in ((4, 6000), (5, 1500), (6, 1000), (7, 1000), (10, 500))
}
PARTS = [
    (nodes, part)
    for nodes, parts in {4: 6, 5: 2, 6: 2, 7: 2, 10: 2}.items()
    for part in range(parts)
]
KEPT = Path(__file__).parents[2] / "seeds" / "consensus.txt"


@pytest.mark.uncounted
@pytest.mark.parametrize(("nodes", "part"), PARTS)
def test_no_seed_breaks_the_agreement_or_stops_it(nodes, part):
    parts = sum(one == nodes for one, _ in PARTS)
    seeds = range(part, SEEDS or SIZES[nodes], parts)

    done = simulate(seeds, nodes)

    assert done.failures == ()
    assert done.runs == len(seeds)
    assert done.blocks >= len(seeds)


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_strategy_in_all_faulty_seats_neither_breaks_nor_stops_it(name):
    for seed in range(6):
        report = Simulation(draw(seed, 7, [name], faulty=2)).run()

        assert report.good, report
        assert {kind for _, kind in report.faulty} == {name}


def test_seeds_that_failed_once_fail_no_more():
    lines = [line for line in KEPT.read_text().splitlines() if line and line[0] != "#"]

    for line in lines:
        nodes, seed = map(int, line.split())
        assert simulate([seed], nodes).failures == ()


@pytest.mark.uncounted
@pytest.mark.parametrize("name", SEEDED)
def test_a_mistake_that_is_built_in_is_found(name):
    bug = SEEDED[name]
    strategies = bug.strategies or tuple(STRATEGIES)

    done = simulate(range(10_000), bug.nodes, replica=bug.replica, strategies=strategies, stop=True)

    assert len(done.failures) == 1


def test_a_failure_is_told_with_the_least_that_leads_to_it():
    bug = SEEDED["no lock"]
    strategies = tuple(sorted(STRATEGIES))
    (report,) = simulate(range(2000), 4, replica=bug.replica, stop=True).failures

    faults, again = least(report, replica=bug.replica)

    before = draw(report.seed, 4, strategies)
    assert again.violation
    assert len(faults.cuts) + len(faults.crashes) <= len(before.cuts) + len(before.crashes)
    assert len(faults.requests) < len(before.requests)
    assert Simulation(faults, replica=bug.replica).run() == again
    assert Simulation(faults).run().good


TRACE = """
from ciranda_consensus.simulation import simulate, Simulation, draw, EVERY
print([Simulation(draw(seed, 7, EVERY), trace=True).run().trace for seed in range(4)])
"""


def test_a_seed_gives_the_same_run_whatever_the_hash_seed():
    found = {
        subprocess.run(
            [sys.executable, "-c", TRACE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }

    assert len(found) == 1
    assert len(set(found.pop()[1:-2].split(", "))) == 4


def test_real_signatures_are_no_different():
    for seed in range(3):
        faults = draw(seed, 4, ["equivocate", "forge", "stale", "twins"])

        ideal, real = (
            Simulation(faults, oracle=oracle, trace=True).run() for oracle in (None, Keys())
        )

        assert real == ideal
        assert real.good


@pytest.mark.uncounted
def test_many_validators_agree_with_a_third_of_them_silent():
    faults = draw(1, 100, ["silent"], faulty=33)
    simulation = Simulation(msgspec.structs.replace(faults, gst=0.0, crashes=(), cuts=()))

    assert simulation.run(until=30.0 * 34).good


def test_a_block_of_many_takes_five_messages_a_validator():
    nodes, blocks = 100, 10
    requests = tuple(Request(0.0, 0, b"note %d" % number) for number in range(blocks))
    faults = Faults(seed=1, nodes=nodes, requests=requests)
    simulation = Simulation(faults, in_block=1)

    simulation.run(until=1000.0)

    gossip = blocks * (nodes - 1)  # how the others heard of the entries
    asked = 17 * nodes  # what each asks when it begins
    assert min(simulation.watch.heights) == blocks
    assert simulation.messages - gossip - asked <= 5 * nodes * blocks


def test_a_restart_at_every_output_leads_to_no_second_vote():
    for at in range(8):
        for outputs in range(5):
            faults = Faults(
                seed=at * 5 + outputs,
                nodes=4,
                gst=20.0,
                delay=1.0,
                crashes=tuple(
                    Crash(at * 0.5, seat, outputs, down=0.5 + seat, keeps=seat % 2)
                    for seat in range(4)
                ),
                requests=(Request(0.0, 0, b"one"), Request(0.0, 1, b"two"), Request(20.0, 2, b"3")),
            )

            assert Simulation(faults).run().good


def test_four_of_six_may_not_agree_without_the_others():
    """Quorums of 2f+1 would let three and three agree on two things."""
    cut = {(one, two) for one in range(6) for two in range(6) if one // 3 != two // 3}
    faults = msgspec.convert(
        {
            "seed": 1,
            "nodes": 6,
            "gst": 40.0,
            "cuts": [{"start": 0.0, "end": 40.0, "ways": cut}],
            "requests": [{"at": 0.0, "seat": s, "entry": b"%d" % s} for s in range(6)],
        },
        Faults,
    )
    simulation = Simulation(faults, replica=Replica)
    simulation.run(until=39.0)

    assert simulation.watch.heights == [0] * 6
    assert Simulation(faults).run().good
