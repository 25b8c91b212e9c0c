"""Small calls of one skill's script a second, beside other ways to call it; run alone.

    python benchmarks/skills_throughput.py [calls]

Every contender adds the same numbers with the same script in the same run, in turns, and its
answers are checked. "in batches" is `lane.map`; "many callers" is 64 tasks that each wait for
their answer; "one by one" is a frame a call. The executor's workers are neither confined nor is
it known what they wrote; a lane's are, and it is.

Last figures (2 busy cores, Python 3.11, L3, asyncio; median and best of five): in batches 38,600
and 52,500 calls a second, 64 callers 16,100 and 23,400, one by one 1,700-2,400 and 2,900, where
the executor did 5,200 and 7,900 one by one, 6,300 and 11,400 by `map`, and a process a call 26
and 43. A get of 50,000 that are kept 0.15 us.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import anyio

from ciranda_skills.format import Skill, read_skill
from ciranda_skills.running import Lane, Runner
from ciranda_skills.running.recent import Recent

ROUNDS = 5
CALLERS = 64
SCRIPT = "def execute(a: int = 1, b: int = 2):\n    return a + b\n"
MAIN = "import json, sys\nprint(execute(**json.load(sys.stdin)))\n"
Act = Callable[[int], Awaitable[None]]


def execute(a: int = 1, b: int = 2) -> int:
    return a + b


def write_skill(folder: Path) -> Skill:
    root = folder / "measured"
    (root / "scripts").mkdir(parents=True)
    (root / "SKILL.md").write_text("---\nname: measured\ndescription: Is measured.\n---\n")
    (root / "scripts/add.py").write_text(SCRIPT)
    (folder / "cold.py").write_text(SCRIPT + MAIN)
    skill = read_skill(root).skill
    assert skill is not None
    return skill


async def batched(lane: Lane, count: int) -> None:
    number = 0
    async for outcome in lane.map({"a": a} for a in range(count)):
        assert outcome.json == number + 2
        number += 1
    assert number == count


async def shared(lane: Lane, count: int, callers: int) -> None:
    async def caller(first: int) -> None:
        for a in range(first, count, callers):
            assert (await lane.call({"a": a})).json == a + 2

    async with anyio.create_task_group() as tasks:
        for first in range(callers):
            tasks.start_soon(caller, first)


async def fresh_processes(script: Path, count: int) -> None:
    for a in range(count):
        told = subprocess.run(  # noqa: ASYNC221  (what is compared)
            [sys.executable, script], input=json.dumps({"a": a}).encode(), stdout=subprocess.PIPE,
            check=True,
        )  # fmt: skip
        assert int(told.stdout) == a + 2


async def executor_one_by_one(pool: ProcessPoolExecutor, count: int) -> None:
    for a in range(count):
        assert pool.submit(execute, a).result() == a + 2


async def executor_all_at_once(pool: ProcessPoolExecutor, count: int, chunk: int) -> None:
    assert list(pool.map(execute, range(count), chunksize=chunk)) == [a + 2 for a in range(count)]


async def main(count: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(2) as pool,
    ):
        assert list(pool.map(execute, range(4))) == [2, 3, 4, 5]  # started before any thread
        skill = write_skill(Path(folder))
        async with (
            Runner(slots=2) as runner,
            runner.lane(skill, workers=2) as both,
            runner.lane(skill, workers=1) as lane,
        ):
            contenders: dict[str, tuple[Act, int]] = {
                "lane, in batches": (lambda n: batched(both, n), count),
                "lane, 64 callers": (lambda n: shared(both, n, CALLERS), count // 2),
                "lane, one by one, 2 callers": (lambda n: shared(both, n, 2), count // 10),
                "lane, one by one, 1 caller": (lambda n: shared(lane, n, 1), count // 10),
                "executor, map in chunks of 256": (
                    lambda n: executor_all_at_once(pool, n, 256), count,
                ),
                "executor, map": (lambda n: executor_all_at_once(pool, n, 1), count // 10),
                "executor, one by one": (lambda n: executor_one_by_one(pool, n), count // 10),
                "a process a call": (lambda n: fresh_processes(Path(folder, "cold.py"), n), 10),
            }  # fmt: skip
            rates: dict[str, list[float]] = {name: [] for name in contenders}
            for act, _ in contenders.values():
                await act(10)
            for _ in range(ROUNDS):
                for name, (act, calls) in contenders.items():
                    start = time.perf_counter()
                    await act(calls)
                    rates[name].append(calls / (time.perf_counter() - start))
        unit = statistics.median(rates["executor, one by one"])
        for name, found in rates.items():
            middle = statistics.median(found)
            print(
                f"{name:34} p50 {middle:10,.0f}/s   best {max(found):10,.0f}/s"
                f"   x{middle / unit:8.2f}"
            )


def recent(size: int) -> None:
    held: Recent[int, int] = Recent(size)
    for number in range(size):
        held.put(number, number)
    best = min(_timed(held, size) for _ in range(ROUNDS))
    print(f"{f'get of {size:,} that are kept':34} {best * 1e6:10.3f} us")


def _timed(held: Recent[int, int], size: int) -> float:
    keys = range(0, size, 7)
    start = time.perf_counter()
    for key in keys:
        held.get(key)
    return (time.perf_counter() - start) / len(keys)


if __name__ == "__main__":
    for size in (500, 50_000):
        recent(size)
    for backend in ("asyncio", "trio"):
        print(f"-- {backend}")
        anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, backend=backend)
