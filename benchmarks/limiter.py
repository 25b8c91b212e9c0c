"""What one decision of the limiter costs, in process and shared by a machine, and how it fills.

    python -m benchmarks.limiter

All contenders decide over requests, input and output tokens together. The naive one keeps a list
of starts and adds it up for each decision, as one writes it at first; it is measured in the same
rounds. Before anything is timed, all grant the same starts on one clock.

Last figures (2 cores, Python 3.11, while others worked there): in process 2.7 us, shared 6 us;
the naive list, with 1000 starts in its window, 170 us.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio

from benchmarks.rounds import interleaved
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.machine import MachineWindows
from ciranda.middleware.window import Window

Contender = TypeVar("Contender", bound="Limiter | Naive")
COSTS = (1, 900, 200)
SPANS = [(1000, 60.0), (10_000_000, 60.0), (10_000_000, 60.0)]
CHECKED = 20_000


class Naive:
    """A list of starts, added up for each decision."""

    def __init__(self, spans: Sequence[tuple[int, float]], clock: Callable[[], float]) -> None:
        self.spans = spans
        self.clock = clock
        self.starts: list[tuple[float, Sequence[int]]] = []

    def try_take(self, costs: Sequence[int]) -> float | None:
        """Return the time of the grant, or None."""
        now = self.clock()
        longest = max(per for _, per in self.spans)
        self.starts = [start for start in self.starts if start[0] + longest > now]
        for which, (limit, per) in enumerate(self.spans):
            used = sum(held[which] for at, held in self.starts if at + per > now)
            if used + costs[which] > limit:
                return None
        self.starts.append((now, costs))
        return now


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def in_process(spans: Sequence[tuple[int, float]], clock: Callable[[], float]) -> Limiter:
    return Limiter([Window(*span) for span in spans], clock)


def check(folder: Path) -> None:
    """Compare all grants of all contenders."""
    clock, chance = Clock(), random.Random(1)
    spans = [(20, 10.0), (10_000, 10.0), (3000, 5.0)]
    book = MachineWindows("check", spans, folder=folder, clock=clock)
    contenders: list[Limiter | Naive] = [
        in_process(spans, clock),
        Limiter(book, clock),
        Naive(spans, clock),
    ]
    granted = 0
    for _ in range(CHECKED):
        clock.now += chance.random() * 0.5
        costs = (1, chance.randrange(1500), chance.randrange(400))
        answers = [each.try_take(costs) for each in contenders]
        if len(set(answers)) != 1:
            raise ValueError(f"at {clock.now}, {costs}: {answers}")
        granted += answers[0] is not None
    print(f"checked: {CHECKED} decisions, {granted} grants, the same of all three")


def filled(limiter: Contender) -> Contender:
    """Return a limiter in whose window there is no room."""
    while limiter.try_take(COSTS) is not None:
        pass
    return limiter


def decisions(folder: Path) -> None:
    """Time decisions that grant, and those that refuse."""
    flowing = [(limit, 0.02) for limit, _ in SPANS]  # starts leave the window as others come
    clock = time.monotonic
    shared = MachineWindows("flowing", flowing, folder=folder)
    full = MachineWindows("full", SPANS, folder=folder)
    contenders: dict[str, Limiter | Naive] = {
        "in process": in_process(flowing, clock),
        "in process, full": filled(in_process(SPANS, clock)),
        "shared": Limiter(shared, clock),
        "shared, full": filled(Limiter(full, clock)),
        "naive list, full": filled(Naive(SPANS, clock)),
    }
    runs = {name: partial(each.try_take, COSTS) for name, each in contenders.items()}
    figures = interleaved(runs, rounds=11, seconds=0.02)
    reference = figures["naive list, full"]
    goals = {"in process": 3, "in process, full": 3, "shared": 10, "shared, full": 10}
    for name, taken in figures.items():
        goal = f"goal {goals[name]}" if name in goals else ""
        print(f"  {name:20} {taken * 1000:9.2f} us  x{reference / taken:8.1f}  {goal}")


async def demand() -> None:
    """Say how much of a limit is used while more is asked for, and how often callers are woken."""
    limiter = Limiter([Window(200, 0.5), Window(10**9, 0.5)], time.monotonic)
    times: list[float] = []

    async def caller() -> None:
        times.append(await limiter.acquire((1, 10)))

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(caller)
    spent = times[-1] - times[0] + 0.5
    gaps = [later - first for first, later in zip(times, times[200:], strict=False)]
    if min(gaps) < 0.5:
        raise ValueError(f"201 starts within {min(gaps)} s")
    print(
        f"1000 callers, 200 in 0.5 s: {len(times) / (spent / 0.5 * 200):.1%} of the limit used, "
        f"goal 97 %; the 201st start comes {statistics.median(gaps) * 1000:.1f} ms after the first"
    )


def main() -> None:
    """Check, then time."""
    with tempfile.TemporaryDirectory() as name:
        check(Path(name))
        print("one decision over three dimensions, and how many times the naive list takes")
        decisions(Path(name))
    anyio.run(demand)


if __name__ == "__main__":
    main()
