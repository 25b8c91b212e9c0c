"""1,000 runs that wait: what they cost parked, how fast they are found, how soon one goes on.

Run alone: `python benchmarks/waiting.py [runs]`. Memory is that of this process; a parked run has
none of its own. The latency of a wait in the foreground is from the post by another connection to
the event's record; that of a parked run from the post to its end, with its plan and store open.
"""

import gc
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio

import ciranda
from ciranda.runs.messages import Emitted, encode
from ciranda.store import Durability, SqliteLog
from ciranda.workflow.load import loads

FLOW = b"""
ciranda: 1
name: waits
steps:
  get: {wait: {event: paid}}
outputs: {paid: "${{ steps.get.output }}"}
"""
TRIES = 20


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def median(times) -> str:
    return f"{statistics.median(times) * 1000:.2f} ms (worst {max(times) * 1000:.2f} ms)"


async def park_all(engine, flow, runs: int) -> None:
    """Begin runs until they are parked, some at once."""
    limit = anyio.CapacityLimiter(20)

    async def one() -> None:
        async with limit:
            result = await engine.run(flow, park=True)
            assert result.status == "waiting"

    async with anyio.create_task_group() as group:
        for _ in range(runs):
            group.start_soon(one)


async def latency_in_the_foreground(engine, flow, other) -> list[float]:
    """Return the seconds from a post to the end of a run that waits in the foreground."""
    found = []
    for number in range(TRIES):
        run = f"f{number:03}"
        async with anyio.create_task_group() as group:
            group.start_soon(partial(engine.run, flow, run_id=run))
            await anyio.sleep(0.5 + number / 97)
            began = time.perf_counter()
            other.post(run, *encode(Emitted(id=run, event="paid")))
        found.append(time.perf_counter() - began)
    return found


async def measure(runs: int, folder: Path) -> None:
    flow = loads(FLOW, file="waits.yaml")
    other = SqliteLog(folder, Durability.PROCESS)
    async with ciranda.Engine(store=folder, durability="process") as engine:
        await park_all(engine, flow, 100)  # what is imported and cached is paid for
        before, size = resident(), other.path.stat().st_size
        began = time.perf_counter()
        await park_all(engine, flow, runs)
        took = time.perf_counter() - began
        grown = resident() - before
        print(f"parked {runs} runs: {took / runs * 1000:.2f} ms a run")
        print(f"memory: {grown / runs / 1024:.2f} KiB a run", end="; ")
        print(f"disk: {(other.path.stat().st_size - size) / runs / 1024:.1f} KiB a run")

        times = []
        for _ in range(100):
            began = time.perf_counter()
            assert other.due(time.time()) == []
            times.append(time.perf_counter() - began)
        print(f"due, none of {runs}: {median(times)}")

        times = []
        parked = [row.id for row in other.runs(limit=TRIES, status="waiting")]
        for run in parked:
            began = time.perf_counter()
            other.post(run, *encode(Emitted(id=run, event="paid")))
            (found,) = other.due(time.time())
            result = await engine.resume(found)
            times.append(time.perf_counter() - began)
            assert result.ok
        print(f"from a post to the end of a parked run: {median(times)}")
        times = await latency_in_the_foreground(engine, flow, other)
        print(f"from a post to the end of a run in the foreground: {median(times)}")

        began = time.perf_counter()
        told = other.announce(*encode(Emitted(id="all", event="paid")))
        took = time.perf_counter() - began
        print(f"one event for {len(told)} runs: {took * 1000:.1f} ms")
        began = time.perf_counter()
        assert len(other.due(time.time())) == len(told)
        print(f"due, all of them: {(time.perf_counter() - began) * 1000:.2f} ms")
    other.close()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(measure, runs, Path(folder))


if __name__ == "__main__":
    main()
