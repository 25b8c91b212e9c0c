"""How much faster a CPU-bound map is on two workers than on one.

    python -m benchmarks.cpu_map [milliseconds of an item] [items]

Beside it the same with `ProcessPoolExecutor`, which shows what the machine has to give: where two
of its processes do not run twice as fast as one, neither can anything else.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import anyio
import msgspec

from benchmarks.burning import worked
from benchmarks.turns import interleaved
from ciranda.engine import Engine
from ciranda.workflow.builder import Workflow

ROUNDS = 5
FILE = Path(__file__).with_name("burning.py")


def flow(width: int) -> Workflow:
    """Return a map over `burn` that has so many items in work at once."""
    made = Workflow(f"burn_{width}")
    made.input("rounds", "integer")
    made.input("items", "integer")
    made.step(
        "burn",
        uses="burning.burn",
        map="${{ range(inputs.items) }}",
        with_={"rounds": "${{ inputs.rounds }}"},
        max_parallel=width,
    )
    made.output("answers", "${{ steps.burn.output }}")
    return made


def rounds_of(milliseconds: float) -> int:
    """Return how many rounds of `burn` take so long here."""
    start = time.perf_counter()
    worked(200_000)
    return int(200_000 * milliseconds / 1000 / (time.perf_counter() - start))


async def main(milliseconds: float, items: int) -> None:
    rounds = rounds_of(milliseconds)
    expected = [worked(rounds)] * items
    with tempfile.TemporaryDirectory() as folder:
        async with Engine(store=folder, durability="off") as engine:
            plans = {}
            for width in (1, 2):
                model = msgspec.structs.replace(flow(width).model(), plugins=(str(FILE),))
                plans[width] = engine.check(model)

            def by_map(width):
                async def run():
                    inputs = {"rounds": rounds, "items": items}
                    result = await engine.run(plans[width], inputs=inputs)
                    return (result.outputs or {})["answers"]

                return run

            pools = {width: ProcessPoolExecutor(width) for width in (1, 2)}

            def by_pool(width):
                async def run():
                    calls = [rounds] * items
                    work = lambda: list(pools[width].map(worked, calls))  # noqa: E731
                    return await anyio.to_thread.run_sync(work)

                return run

            contenders = {
                f"{name}, {width}": make(width)
                for width in (1, 2)
                for name, make in (("map", by_map), ("ProcessPoolExecutor", by_pool))
            }
            times = await interleaved(contenders, expected, ROUNDS)
            for pool in pools.values():
                pool.shutdown()
    print(f"{items} items of {milliseconds:g} ms of work")
    for name in ("map", "ProcessPoolExecutor"):
        one, two = (times[f"{name}, {width}"] for width in (1, 2))
        # A slow contender takes fewer turns: those that both took are compared.
        pairs = [single / double for single, double in zip(one, two, strict=False)]
        print(
            f"  {name:20} 1 worker {statistics.median(one):6.3f} s  2 workers "
            f"{statistics.median(two):6.3f} s  x{statistics.median(pairs):5.2f} faster "
            f"(best x{max(pairs):.2f})"
        )


if __name__ == "__main__":
    anyio.run(
        main,
        float(sys.argv[1]) if len(sys.argv) > 1 else 100.0,
        int(sys.argv[2]) if len(sys.argv) > 2 else 24,
    )
