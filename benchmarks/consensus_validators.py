"""How long a block takes among many validators: 10, 100, 1000 and, if asked for, 10000.

All validators run in one process on one core, with real Ed25519 signatures. They share a verifier
that remembers what it has checked, so a signature is made once and checked once; on as many
machines each validator would check it. Every delivery is checked for what must hold. A block's time
is from the entry to the agreement of the last validator; the median of the blocks of a run.

    python -m benchmarks.consensus_validators [--most 10000]
"""

from __future__ import annotations

import argparse
import statistics
import time

from ciranda_consensus.simulation import Faults, Request, Simulation
from ciranda_consensus.simulation.keys import Keys

BLOCKS = 5
BETWEEN = 20.0  # Delta from one entry to the next, so that each block has a run of its own


def blocks(nodes: int, count: int) -> tuple[list[float], float, int]:
    """Return the seconds of each block, messages a validator and block, and signatures checked."""
    requests = tuple(
        Request(BETWEEN * (number + 1), number % nodes, b"entry %d" % number)
        for number in range(count)
    )
    keys = Keys(remembers=8 * nodes + 1000)
    simulation = Simulation(Faults(seed=1, nodes=nodes, requests=requests), oracle=keys, in_block=1)
    simulation.run(until=BETWEEN - 1)  # all have begun
    took, before = [], simulation.messages
    checked = keys.verifier.counts.checked
    for number in range(count):
        start = time.perf_counter()
        simulation.run(until=BETWEEN * (number + 2) - 1)
        took.append(time.perf_counter() - start)
        assert set(simulation.watch.heights) == {number + 1}
    gossip = count * (nodes - 1)  # that others hear of the entry
    each = (simulation.messages - before - gossip) / count / nodes
    return took, each, (keys.verifier.counts.checked - checked) // count


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="the most validators")
    most = parser.parse_args().most
    for nodes in (10, 100, 1000, 10_000):
        if nodes <= most:
            took, each, checked = blocks(nodes, BLOCKS if nodes <= 1000 else 2)
            middle = statistics.median(took)
            print(
                f"{nodes:6} validators: a block in {middle * 1e3:8.1f} ms"
                f" ({middle / nodes * 1e6:6.1f} us a validator, {each:.2f} messages a validator,"
                f" {checked} signatures checked)"
            )


if __name__ == "__main__":
    main()
