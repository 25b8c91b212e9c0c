"""Many runs, one after the other: what a command, a test or a night of searching asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ciranda_consensus.protocol import Replica
from ciranda_consensus.simulation.byzantine import STRATEGIES
from ciranda_consensus.simulation.faults import Faults, draw
from ciranda_consensus.simulation.shrink import shrink
from ciranda_consensus.simulation.simulator import MakeReplica, Report, Simulation

__all__ = ["EVERY", "Campaign", "least", "simulate"]

EVERY: Final = tuple(sorted(STRATEGIES))


class Campaign(msgspec.Struct, frozen=True):
    """What became of many runs.

    Attributes:
        runs: How many there were.
        deliveries: How many inputs replicas handled, with all that must hold checked at each.
        messages: How many messages were sent.
        blocks: How many blocks were agreed on by all.
        failures: The runs in which something happened that must not, or nothing that must.
    """

    runs: int
    deliveries: int
    messages: int
    blocks: int
    failures: tuple[Report, ...]


def simulate(
    seeds: Iterable[int],
    nodes: int,
    *,
    strategies: Sequence[str] = EVERY,
    replica: MakeReplica = Replica,
    stop: bool = False,
    trace: bool = False,
) -> Campaign:
    """Run a simulation for each seed.

    Args:
        seeds: Each decides one run, now and ever after.
        nodes: How many validators take part.
        strategies: What Byzantine validators do; none take part without.
        replica: Makes an honest one.
        stop: Whether to end with the first failure.
        trace: Whether reports carry a checksum of all that happened.
    """
    runs = deliveries = messages = blocks = 0
    failures: list[Report] = []
    for seed in seeds:
        faults = draw(seed, nodes, strategies)
        report = Simulation(faults, replica=replica, trace=trace).run()
        runs += 1
        deliveries += report.deliveries
        messages += report.messages
        blocks += report.blocks
        if not report.good:
            failures.append(report)
            if stop:
                break
    return Campaign(runs, deliveries, messages, blocks, tuple(failures))


def least(
    report: Report, *, strategies: Sequence[str] = EVERY, replica: MakeReplica = Replica
) -> tuple[Faults, Report]:
    """Return the least faults with which a failed run still fails, and its report."""

    def run(faults: Faults) -> Report:
        return Simulation(faults, replica=replica).run()

    def fails(faults: Faults) -> bool:
        found = run(faults)
        return not found.good and bool(found.violation) == bool(report.violation)

    faults, _ = shrink(draw(report.seed, report.nodes, strategies), fails)
    return faults, run(faults)
