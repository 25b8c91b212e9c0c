"""What a durable step costs, beside bare commits of as many rows and DBOS on SQLite.

    python -m benchmarks.durable_steps [steps] [rounds]

A chain can put at most one step into a commit: the bare loop commits a row a step. A fan-out
shares commits: the bare loop commits the two rows of 50 steps at once. `added` is what the engine
costs on top of the bare loop. The level `power` depends on the disk: set TMPDIR to try another.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from benchmarks import graphs
from benchmarks.engine_steps import ours
from benchmarks.store_commits import BATCH, Commit, bare_commits
from benchmarks.turns import Contender, interleaved, peer, show
from ciranda.engine import Engine
from ciranda.store import Durability

LEVELS = (Durability.PROCESS, Durability.POWER)


def bare_chain(size: int, commit: Commit) -> Contender:
    async def run() -> int:
        value = await graphs.add(0, 0)
        commit()
        for _ in range(1, size):
            value = await graphs.add(value)
            commit()
        return value

    return run


def bare_fan(size: int, commit: Commit) -> Contender:
    async def run() -> int:
        source = await graphs.add(0)
        values = []
        for number in range(size):
            values.append(await graphs.add(source, number))
            if number % (BATCH // 2) == 0:
                commit()
        return await graphs.total(values)

    return run


@contextmanager
def dbos(folder: Path) -> Iterator[dict[str, tuple[str, Callable[[int], Contender]]]]:
    """Offer DBOS while the block lasts: by shape, its name and what makes a contender."""
    module = peer("dbos")
    if module is None:
        yield {}
        return
    chain, fan = module.launch(folder)
    try:
        yield {"chain": (module.NAME, chain), "fan": (module.NAME, fan)}
    finally:
        module.close()


async def main(backend: str, size: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answers = {"chain": graphs.chain_answer(size), "fan": graphs.fan_answer(size)}
        for level in LEVELS:
            place = folder / level
            place.mkdir()
            single, batch = bare_commits(place, level)
            bare = {"chain": bare_chain(size, single), "fan": bare_fan(size, batch)}
            with dbos(folder) if backend == "asyncio" and level == "power" else _nobody() as peers:
                async with Engine(store=place, durability=level) as engine:
                    for shape in ("chain", "fan"):
                        contenders = {
                            "ciranda": ours(engine, getattr(graphs, shape)(size)),
                            "bare commits": bare[shape],
                        }
                        if shape in peers:
                            title, make = peers[shape]
                            contenders[title] = make(size)
                        times = await interleaved(contenders, answers[shape], rounds)
                        own, floor = (
                            statistics.median(times[one]) for one in ("ciranda", "bare commits")
                        )
                        added = (own - floor) / size * 1e6
                        print(f"{backend}, {level}, {shape} of {size}: {added:.1f} us a step added")
                        show(times, size, "ciranda")


@contextmanager
def _nobody() -> Iterator[dict[str, tuple[str, Callable[[int], Contender]]]]:
    yield {}


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    for loop in ("asyncio", "trio"):
        anyio.run(main, loop, steps, turns, backend=loop)
