"""What z3 costs behind worker processes, beside its own Python interface; run alone.

    python benchmarks/experts_solver.py [intents]

Every intent is distinct and reaches z3: the pre-solver is off. The reference builds the same
problems with the classes of z3 and a fresh solver each, in this process and in two threads (one
context each). Verdicts are compared before anything is timed.

Last figures, on 2 cores that other work kept busy (load 3 to 5), so rates are too low and vary
from run to run; ratios are of one run. All by z3, two workers: 690-1,350 intents/s, x4.6-12.5 of
z3's classes, at 0.9-1.2 ms of CPU in all processes. Round trip 340-450 us. CPU-bound work on two
workers x1.3-2.1 as fast (1.92 where the load was below 4). What hangs ended 12-61 ms past 150 ms.
"""

from __future__ import annotations

import resource
import statistics
import sys
import threading
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import anyio
import z3

from ciranda_experts.intent.reading import read_intent
from ciranda_experts.logic import judge
from ciranda_experts.presolve.problem import problems
from ciranda_experts.solver.formula import encode
from ciranda_experts.solver.session import Session
from ciranda_experts.solver.solver import Solver

BUDGET = 20.0
CLIENTS = 6
LIMIT = 0.15
RUNS = 4


# The intents, and the same as problems of z3: (assumptions, claims).


def intent(number: int) -> dict[str, Any]:
    kind = number % 4
    if kind == 0:
        pre = [f"m > {number}", f"a >= m + {number % 7}", "a2 == a - m", "b2 == b + m"]
        return {"pre": pre, "post": ["a2 + b2 == a + b", f"a2 >= {number % 7}"]}
    if kind == 1:
        pre = [f"y == min(max(x, {number}), {number + 50})", "z == y + 1"]
        return {"pre": pre, "post": [f"y >= {number}", f"z <= {number + 51}"]}
    if kind == 2:
        pre = [f"0 <= x <= {number}", f"q == x // {number % 9 + 2}", "q > 1"]
        return {"pre": pre, "post": [f"q * {number % 9 + 2} <= x", "x > 3"]}
    pre = [f"x > {number}", "y > x", "p or y < x", "p => z == x * 2"]
    sorts = {"x": "int", "y": "int", "z": "int", "p": "bool"}
    return {"vars": sorts, "pre": pre, "post": ["z > x", f"z < {number}"]}


def plain(number: int, context: Any) -> tuple[list[Any], list[Any]]:
    a, b, m, a2, b2, x, y, z, q = z3.Ints("a b m a2 b2 x y z q", context)
    p = z3.Bool("p", context)
    kind = number % 4
    if kind == 0:
        pre = [m > number, a >= m + number % 7, a2 == a - m, b2 == b + m]
        return pre, [a2 + b2 == a + b, a2 >= number % 7]
    if kind == 1:
        low = z3.If(x >= number, x, z3.IntVal(number, context))
        pre = [y == z3.If(low <= number + 50, low, z3.IntVal(number + 50, context)), z == y + 1]
        return pre, [y >= number, z <= number + 51]
    if kind == 2:
        pre = [x >= 0, x <= number, q == x / (number % 9 + 2), q > 1]
        return pre, [q * (number % 9 + 2) <= x, x > 3]
    pre = [x > number, y > x, z3.Or(p, y < x), z3.Implies(p, z == x * 2)]
    return pre, [z > x, z < number]


def plainly(number: int, context: Any) -> bool:
    pre, post = plain(number, context)
    for claim in (None, *post):
        solver = z3.Solver(ctx=context)
        solver.add(*pre)
        if claim is not None:
            solver.add(z3.Not(claim))
        if solver.check() != (z3.sat if claim is None else z3.unsat):
            return False
    return True


def show(name: str, figure: float, unit: str, note: str = "") -> None:
    print(f"{name:46} {figure:10,.1f} {unit:10} {note}")


# What is measured.


def used() -> float:
    """Return CPU seconds of this process and of the workers that have ended."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def phases(numbers: range) -> None:
    """Print what one intent costs, by what is done, in one process."""
    data = [intent(number) for number in numbers]
    costs: dict[str, float] = {}

    def timed(name: str, run: Any, items: list[Any]) -> list[Any]:
        start = time.perf_counter()
        found = [run(item) for item in items]
        costs[name] = (time.perf_counter() - start) / len(items) * 1e6
        return found

    intents = timed("read and type", read_intent, data)
    posed = timed(
        "list its problems", lambda one: [each.problem for each in problems(one)], intents
    )
    encoded = timed("as plain data", encode, posed)
    for one in encoded:
        one.payload.update(seed=0, budget=int(BUDGET * 1000), stop=True)
    session = Session()

    def solve(one: Any) -> Any:
        return session.decide(one.payload, time.monotonic() + BUDGET, lambda known: None)

    timed("(first time)", solve, encoded[:50])
    timed("build and solve, in a worker", solve, encoded)
    timed("solve, built before, in a worker", solve, encoded[-200:])
    del costs["(first time)"]
    for name, cost in costs.items():
        show(name, cost, "us")


async def throughput(workers: int, numbers: range) -> tuple[float, list[bool]]:
    intents = [read_intent(intent(number)) for number in numbers]
    verdicts = [False] * len(intents)
    async with Solver(workers=workers, warm=workers) as solver:

        async def client(first: int) -> None:
            for at in range(first, len(intents), CLIENTS):
                finding = await judge(intents[at], solver, BUDGET, effort=0)
                assert finding.proven
                verdicts[at] = finding.verdict == "approved"

        async def run() -> float:
            start = time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for first in range(CLIENTS):
                    tasks.start_soon(client, first)
            return len(intents) / (time.perf_counter() - start)

        await run()  # starts the workers
        return max([await run() for _ in range(RUNS - 1)]), verdicts


async def round_trip(calls: int = 1_000) -> None:
    (obligation,) = problems(read_intent({"constraints": ["x > 1"]}))
    async with Solver(workers=1) as solver:
        times = []
        for _ in range(calls):
            start = time.perf_counter()
            await solver.decide(obligation.problem, budget=BUDGET)
            times.append((time.perf_counter() - start) * 1e6)
    show("round trip, one small problem, p50", statistics.median(times), "us")


def reference(numbers: range) -> tuple[float, list[bool]]:
    context = z3.Context()
    start = time.perf_counter()
    verdicts = [plainly(number, context) for number in numbers]
    return len(numbers) / (time.perf_counter() - start), verdicts


def threaded(numbers: range) -> float:
    def run(part: range) -> None:
        context = z3.Context()
        for number in part:
            plainly(number, context)

    threads = [threading.Thread(target=run, args=(numbers[first::2],)) for first in range(2)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(numbers) / (time.perf_counter() - start)


def pigeons(number: int) -> dict[str, Any]:
    """Return what takes z3 tens of milliseconds, all of it computing."""
    names = [f"p{at}" for at in range(9)]
    inside = [f"{number} <= {name} <= {number + 7}" for name in names]
    return {"constraints": inside + [f"{one} != {two}" for one, two in combinations(names, 2)]}


async def speed_up(count: int = 24) -> None:
    intents = [read_intent(pigeons(number)) for number in range(1, count + 1)]
    taken: dict[int, list[float]] = {1: [], 2: []}
    async with Solver(workers=1) as one, Solver(workers=2) as two:

        async def run(solver: Solver, clients: int) -> float:
            async def client(first: int) -> None:
                for each in intents[first::clients]:
                    finding = await judge(each, solver, BUDGET, effort=0)
                    assert finding.reason == "inconsistent"

            start = time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for first in range(clients):
                    tasks.start_soon(client, first)
            return time.perf_counter() - start

        for round_ in range(4):
            for clients, solver in ((1, one), (2, two)):
                seconds = await run(solver, clients)
                if round_:  # the first starts the workers
                    taken[clients].append(seconds)
    alone, both = (min(taken[clients]) for clients in (1, 2))
    show("CPU-bound, one worker", alone / count * 1e3, "ms each")
    show("CPU-bound, two workers", both / count * 1e3, "ms each", f"x{alone / both:.2f} as fast")


async def hanging() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.plugins.experts.hang_prone import HANG_PRONE

    over = []
    async with Solver(workers=1, memory_mb=256, warm=1) as solver:
        await judge(read_intent({"constraints": ["x > 1"]}), solver, BUDGET, effort=0)
        for data in HANG_PRONE:
            one = read_intent(data)
            start = time.perf_counter()
            await judge(one, solver, LIMIT)
            over.append((time.perf_counter() - start - LIMIT) * 1e3)
        killed = solver.stats.lost
    show(f"{len(over)} that hang: past {LIMIT:g} s at most", max(over), "ms", f"{killed} killed")


async def main(count: int) -> None:
    numbers = range(count)
    rate, expected = reference(numbers)
    for workers in (1, 2):
        before = used()
        ours, verdicts = await throughput(workers, numbers)
        cpu = (used() - before) / (RUNS * count) * 1e6
        assert verdicts == expected, "the verdicts differ"
        note = f"x{ours / rate:.1f}; {cpu:.0f} us of CPU each, in all processes"
        show(f"{workers} worker(s), all by z3", ours, "intents/s", note)
    show("z3's classes, a fresh solver each", rate, "intents/s", "x1.0")
    threads = threaded(numbers)
    show("the same in two threads", threads, "intents/s", f"x{threads / rate:.1f}")
    phases(numbers)
    await round_trip()
    await speed_up()
    await hanging()


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
