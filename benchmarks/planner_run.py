"""Plans as they run, beside what is possible: workers, a bare event loop, one core.

    python -m benchmarks.planner_run

Each figure has its bound from the same run: the ceiling of a makespan that waits for nothing, a
bare asyncio loop with as many workers, the same work on one core.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial

import anyio

from ciranda import Engine
from ciranda_planner.execution import Outcome, perform
from ciranda_planner.plan import Kind, Plan, Task
from ciranda_planner.preparing import prepare

ROUNDS = 3
NAP = 0.1
BRIEF = 0.01
BURN = 0.05


async def performed(plan: Plan, *, durability: str = "off") -> Outcome:
    async with Engine(durability=durability) as engine:
        return await perform(engine, prepare(engine, plan))


def sleeping(count: int, workers: int, seconds: float) -> Plan:
    tasks = tuple(Task(f"t{at}", estimate=seconds) for at in range(count))
    return Plan("sleeping", tasks, workers=workers)


def burning(count: int, workers: int) -> Plan:
    tasks = [
        Task(f"t{at}", estimate=BURN, kind=Kind.CPU, uses="planner.burn", with_={"seconds": BURN})
        for at in range(count)
    ]
    return Plan("burning", tuple(tasks), workers=workers, cpu_workers=workers)


async def bare(count: int, workers: int, seconds: float) -> float:
    """Return the seconds that a loop with nothing else to do takes."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await asyncio.sleep(seconds)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - began


def naps(workers: int, target: float) -> bool:
    serial = 20 * NAP
    ceiling = serial / (-(-20 // workers) * NAP)
    best = max(
        serial / anyio.run(partial(performed, sleeping(20, workers, NAP))).report.actual.makespan
        for _ in range(ROUNDS)
    )
    print(
        f"20 tasks of {NAP * 1000:g} ms, {workers} workers: {best:.2f}x of at most {ceiling:.0f}x"
        f" (target {target}x)"
    )
    return best >= target


def many(target: float = 0.96) -> bool:
    best = 0.0
    shown = ""
    for _ in range(ROUNDS):
        real = asyncio.run(bare(1000, 40, BRIEF))
        ours = anyio.run(partial(performed, sleeping(1000, 40, BRIEF))).report.actual.makespan
        if real / ours > best:
            best = real / ours
            shown = f"{1000 * BRIEF / ours:.1f}x, a bare loop {1000 * BRIEF / real:.1f}x"
    print(f"1000 tasks of {BRIEF * 1000:g} ms, 40 workers: {shown}: {best:.3f} (target {target})")
    return best >= target


def cores(target: float = 1.9) -> bool:
    best = 0.0
    for _ in range(ROUNDS):
        makespans = [
            anyio.run(partial(performed, burning(20, workers))).report.actual.makespan
            for workers in (1, 2)
        ]
        best = max(best, makespans[0] / makespans[1])
    print(f"20 tasks of {BURN * 1000:g} ms cpu, 2 cores: {best:.2f}x of one (target {target}x)")
    return best >= target


def main() -> None:
    met = [naps(15, 9.9), naps(20, 19.5), many(), cores()]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
