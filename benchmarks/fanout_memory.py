"""Whether the cost of a map's items stays the same, and what they hold in memory.

    python -m benchmarks.fanout_memory [items ...]

Each size runs in a process of its own, whose peak memory is what the kernel says; beside it a
process that only imports the engine, and one that calls the function in a loop and keeps what it
gives. Outputs are texts of 150 characters, no two the same.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio

SIZES = (1_000, 10_000, 100_000)
LEVELS = ("off", "process")
ROUNDS = 3


async def label(number: int) -> str:
    """Return a text of 150 characters that holds a number."""
    return f"{number:0150}"


async def by_engine(level: str, size: int) -> float:
    """Return the seconds of a run whose map has so many items."""
    from ciranda.actions import action
    from ciranda.engine import Engine
    from ciranda.workflow.builder import Workflow

    flow = Workflow("map")
    flow.input("size", "integer")
    flow.step(
        "labels",
        uses=action("fan.label")(label),
        map="${{ range(inputs.size) }}",
        with_={"number": "${{ item }}"},
    )
    flow.output("count", "${{ len(steps.labels.output) }}")
    flow.output("last", "${{ steps.labels.output[-1] }}")
    with tempfile.TemporaryDirectory() as folder:
        async with Engine(store=folder, durability=level) as engine:
            checked = engine.check(flow.model())
            start = time.perf_counter()
            result = await engine.run(checked, inputs={"size": size})
            took = time.perf_counter() - start
    if result.outputs != {"count": size, "last": await label(size - 1)}:
        raise ValueError(f"the map of {size} gives {result.outputs!r:.80}")
    return took


async def by_loop(level: str, size: int) -> float:
    """Return the seconds of calling the function so often."""
    import ciranda.engine  # noqa: F401  (what it holds is not the items' doing)

    start = time.perf_counter()
    kept = [await label(number) for number in range(size)]
    return time.perf_counter() - start if len(kept) == size else 0.0


def child(way: str, level: str, size: int) -> None:
    """Print what one run took: seconds, and mebibytes at its peak."""
    took = anyio.run(by_engine if way == "engine" else by_loop, level, size)
    print(json.dumps([took, own_peak()]))


def own_peak() -> float:
    """Return the most mebibytes that this process has held.

    Not `ru_maxrss`: it is what the process that started this one had, if that was more.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def measured(way: str, level: str, size: int) -> tuple[float, float]:
    """Return seconds and mebibytes of one run in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.fanout_memory", "child", way, level, str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: Any = json.loads(done.stdout)
    return answer[0], answer[1]


def main(sizes: tuple[int, ...]) -> None:
    """Print one line a size."""
    print(f"importing the engine: {measured('loop', 'off', 0)[1]:.0f} MiB")
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        for size in sizes:
            for way, level in (("loop", "off"), *(("engine", level) for level in LEVELS)):
                found.setdefault((way, level, size), []).append(measured(way, level, size))
    first: dict[tuple[str, str], float] = {}
    for (way, level, size), runs in sorted(found.items()):
        each = statistics.median(took for took, _ in runs) / size * 1e6
        peak = statistics.median(peak for _, peak in runs)
        unit = first.setdefault((way, level), each)
        name = "bare loop" if way == "loop" else f"map, {level}"
        print(
            f"{name:14} {size:>8} items {each:8.2f} us an item (x{each / unit:5.2f} of the "
            f"smallest) {peak:7.0f} MiB at the peak"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(tuple(int(one) for one in sys.argv[1:]) or SIZES)
