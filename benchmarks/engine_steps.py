"""What the engine costs a step in memory, beside bare loops and other engines.

    python -m benchmarks.engine_steps [steps] [rounds]

A chain and a fan-out of steps that add two numbers, on asyncio and trio. Graphs are built and
compiled before the clock runs; a turn is one run of the graph from its start to its answer, and
answers must be equal. DBOS, which cannot but be durable, is in `durable_steps`.
"""

from __future__ import annotations

import asyncio
import sys

import anyio
import trio

from benchmarks import graphs
from benchmarks.turns import Contender, interleaved, peer, show
from ciranda.engine import Engine
from ciranda.workflow.builder import Workflow

PEERS = ("hamilton", "burr", "langgraph", "llamaindex", "bubus")


def ours(engine: Engine, flow: Workflow) -> Contender:
    checked = engine.check(flow.model())

    async def run() -> object:
        result = await engine.run(checked)
        return (result.outputs or {})["answer"]

    return run


def bare_chain(size: int) -> Contender:
    async def run() -> int:
        value = await graphs.add(0, 0)
        for _ in range(1, size):
            value = await graphs.add(value)
        return value

    return run


def bare_fan(size: int) -> Contender:
    async def run() -> int:
        source = await graphs.add(0)
        return await graphs.total([await graphs.add(source, number) for number in range(size)])

    return run


def asyncio_fan(size: int) -> Contender:
    async def run() -> int:
        source = await graphs.add(0)
        steps = (graphs.add(source, number) for number in range(size))
        return await graphs.total(await asyncio.gather(*steps))

    return run


def trio_fan(size: int) -> Contender:
    async def run() -> int:
        source = await graphs.add(0)
        values = [0] * size

        async def step(number: int) -> None:
            values[number] = await graphs.add(source, number)

        async with trio.open_nursery() as nursery:
            for number in range(size):
                nursery.start_soon(step, number)
        return await graphs.total(values)

    return run


async def main(backend: str, size: int, rounds: int) -> None:
    peers = [peer(name) for name in PEERS] if backend == "asyncio" else []
    async with Engine(durability="off") as engine:
        contenders = {
            "chain": {
                "ciranda": ours(engine, graphs.chain(size)),
                "bare loop": bare_chain(size),
                **{each.NAME: each.chain(size) for each in peers if each},
            },
            "fan": {
                "ciranda": ours(engine, graphs.fan(size)),
                "bare loop": bare_fan(size),
                "a task a step": (asyncio_fan if backend == "asyncio" else trio_fan)(size),
                **{each.NAME: each.fan(size) for each in peers if each},
            },
        }
        answers = {"chain": graphs.chain_answer(size), "fan": graphs.fan_answer(size)}
        for shape, found in contenders.items():
            times = await interleaved(found, answers[shape], rounds)
            print(f"{backend}, {shape} of {size} steps, us a step")
            show(times, size, "ciranda")


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    for loop in ("asyncio", "trio"):
        anyio.run(main, loop, steps, turns, backend=loop)
