"""How fast the simulator is: inputs that replicas handle a second, all invariants checked at each.

python -m benchmarks.consensus_simulation [--seeds 300]
"""

from __future__ import annotations

import argparse
import time

from ciranda_consensus.simulation import Faults, Request, Simulation, simulate


def main() -> None:
    """Print a line for runs of each size with all faults, and one for a long run without any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="runs of each size")
    seeds = parser.parse_args().seeds
    for nodes in (4, 5, 6, 7, 10, 31):
        count = seeds if nodes < 31 else seeds // 20
        start = time.perf_counter()
        done = simulate(range(count), nodes)
        took = time.perf_counter() - start
        print(
            f"{nodes:4} validators, all faults: {done.deliveries / took:9,.0f} deliveries/s,"
            f" {count / took:6.0f} runs/s, {done.blocks} blocks, {len(done.failures)} failures"
        )
    for nodes in (4, 31, 100):
        requests = tuple(Request(0.0, 0, b"entry %d" % number) for number in range(6000 // nodes))
        simulation = Simulation(Faults(seed=1, nodes=nodes, requests=requests), in_block=1)
        start = time.perf_counter()
        simulation.run(until=1e6)
        took = time.perf_counter() - start
        print(
            f"{nodes:4} validators, no faults:  {simulation.deliveries / took:9,.0f} deliveries/s,"
            f" {simulation.watch.heights[0]} blocks"
        )


if __name__ == "__main__":
    main()
