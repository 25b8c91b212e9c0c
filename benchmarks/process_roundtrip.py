"""Round trip to a warm worker, beside what else Python offers; run alone, prints ratios.

    python benchmarks/process_roundtrip.py [calls]

Every contender answers the same calls in the same run, in turns, and its answers are checked.

Last figures (2 cores, Python 3.11, several runs; p50): reuse 42-62 us, with a deadline x1.2-1.4,
anyio.to_process x1.4-2.1, ProcessPoolExecutor x1.9-5.3, fork 2.1-2.7 ms, 12,700-18,800 calls/s
through one worker, CPU work on 2 workers 1.7-1.9 times as fast (1.2 on a busy machine).
"""

import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import anyio.to_process

from ciranda.executors.pool import Pool, WorkerKind

ROUNDS = 5


def double(number: int) -> int:
    return 2 * number


def burn(number: int) -> int:
    return sum(value * value % 7 for value in range(number))


def setup(options: object) -> dict[str, Callable[[Any, Any], Any]]:
    """Set up the worker."""
    return {
        "double": lambda payload, call: double(payload),
        "burn": lambda payload, call: burn(payload),
    }


def kind(lifetime: Any) -> WorkerKind:
    return WorkerKind("bench", "process_roundtrip:setup", lifetime=lifetime)


async def timed(call: Callable[[int], Awaitable[int]], count: int) -> list[float]:
    times = []
    for number in range(count):
        start = time.perf_counter()
        answer = await call(number)
        times.append(time.perf_counter() - start)
        assert answer == 2 * number
    return times


def show(name: str, times: list[float], unit: float) -> None:
    cuts = statistics.quantiles(times, n=100)
    middle = cuts[49]
    print(
        f"{name:34} p50 {middle * 1e6:8.1f} us   p99 {cuts[98] * 1e6:8.1f} us"
        f"   x{middle / unit:6.2f}"
    )


async def round_trips(count: int) -> None:
    executor = ProcessPoolExecutor(1)
    one = anyio.CapacityLimiter(1)

    async with Pool(kind("reuse"), 1) as reuse, Pool(kind("fork"), 1) as fork:

        async def by_executor(number: int) -> int:
            return executor.submit(double, number).result()

        async def by_anyio(number: int) -> int:
            return await anyio.to_process.run_sync(double, number, limiter=one)

        contenders: dict[str, tuple[Callable[[int], Awaitable[int]], int]] = {
            "pool, reuse": (lambda number: reuse.call("double", number), count),
            "pool, reuse, with a deadline": (
                lambda number: reuse.call("double", number, deadline=60),
                count,
            ),
            "anyio.to_process.run_sync": (by_anyio, count),
            "ProcessPoolExecutor (blocking)": (by_executor, count),
            "pool, fork (a fresh process a call)": (
                lambda number: fork.call("double", number),
                count // 10,
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for call, _ in contenders.values():
            await timed(call, 3)
        for _ in range(ROUNDS):
            for name, (call, calls) in contenders.items():
                times[name] += await timed(call, calls // ROUNDS)
        unit = statistics.median(times["pool, reuse"])
        for name, found in times.items():
            show(name, found, unit)

        start = time.perf_counter()

        async def caller(first: int) -> None:
            for number in range(first, count, 8):
                assert await reuse.call("double", number) == 2 * number

        async with anyio.create_task_group() as tasks:
            for first in range(8):
                tasks.start_soon(caller, first)
        rate = count / (time.perf_counter() - start)
        print(f"{'pool, reuse, 8 callers, 1 worker':34} {rate:12,.0f} calls/s")
    executor.shutdown()


async def start_up() -> None:
    times = []
    for _ in range(ROUNDS):
        async with Pool(kind("reuse"), 1) as pool:
            start = time.perf_counter()
            await pool.call("double", 1)
            times.append(time.perf_counter() - start)
    print(f"{'first call, cold, importing anyio':34} p50 {statistics.median(times) * 1e3:8.1f} ms")


async def speed_up(size: int = 2_000_000, pieces: int = 4) -> None:
    expected = burn(size)
    start = time.perf_counter()
    assert [burn(size) for _ in range(pieces)] == [expected] * pieces
    alone = time.perf_counter() - start
    async with Pool(kind("reuse"), 2) as pool:
        answers: list[int] = []

        async def piece(number: int) -> None:
            answers.append(await pool.call("burn", number))

        for turn_size, turns in ((1, 2), (size, pieces)):
            answers.clear()
            start = time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for _ in range(turns):
                    tasks.start_soon(piece, turn_size)
            together = time.perf_counter() - start
    assert answers == [expected] * pieces
    print(f"{'CPU work on 2 workers':34} {alone / together:8.2f} times as fast as in line")


async def main(count: int) -> None:
    for measure in (lambda: round_trips(count), start_up, speed_up):
        await measure()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))  # for the workers, which import this file
    for backend in ("asyncio", "trio"):
        print(f"-- {backend}")
        anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 5_000, backend=backend)
