"""What steps inside of steps cost: nested maps, long loops, deep sub-workflows.

    python -m benchmarks.nesting [rounds]

A map over a map (100 x 100), a loop of 10,000 turns, workflows in workflows 50 deep; in memory,
all of them of steps that add two numbers. Beside each stands a flat map of as many steps, on the
same engine: the ratio is what the nesting costs. Answers must be right before anything is timed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks import graphs
from benchmarks.turns import Contender, interleaved, show
from ciranda.engine import Engine
from ciranda.workflow.load import load, loads
from ciranda.workflow.model import Workflow

DEPTH = 50
TURNS = 10_000

FLAT = """
steps:
  all:
    map: ${{{{ range({count}) }}}}
    uses: graph.add
    with: {{x: 1, y: 0}}
outputs: {{answer: "${{{{ sum(steps.all.output) }}}}"}}
"""
GRID = """
steps:
  rows:
    map: ${{ range(100) }}
    as: row
    steps:
      columns:
        map: ${{ range(100) }}
        as: column
        uses: graph.add
        with: {x: 1, y: 0}
    outputs: {sum: "${{ sum(steps.columns.output) }}"}
outputs: {answer: "${{ sum(row.sum for row in steps.rows.output) }}"}
"""
LOOP = f"""
steps:
  count:
    while: loop.index < {TURNS}
    max: {TURNS + 1}
    uses: graph.add
    with: {{x: "${{{{ loop.last ?? 0 }}}}", y: 1}}
outputs: {{answer: "${{{{ steps.count.output }}}}"}}
"""
INNERMOST = """
inputs: {n: integer}
steps:
  add: {uses: graph.add, with: {x: "${{ inputs.n }}", y: 1}}
outputs: {n: "${{ steps.add.output }}"}
"""
LEVEL = """
inputs: {n: {type: integer, default: 0}}
steps:
  inner:
    uses: ./level%d.yaml
    with: {n: "${{ inputs.n }}"}
  add: {uses: graph.add, with: {x: "${{ steps.inner.output.n }}", y: 1}}
outputs: {n: "${{ steps.add.output }}", answer: "${{ steps.add.output }}"}
"""


def flow(engine: Engine, text: str) -> Contender:
    """Return what runs a workflow of the benchmark and gives its answer."""
    return made(engine, loads("ciranda: 1\n" + text))


def made(engine: Engine, workflow: Workflow) -> Contender:
    """Return what runs a workflow that was loaded."""
    functions = {"graph.add": graphs.ADD}
    checked = engine.check(msgspec.structs.replace(workflow, functions=functions))

    async def run() -> object:
        result = await engine.run(checked)
        return (result.outputs or {})["answer"]

    return run


def nested(folder: Path) -> Path:
    """Write workflows that use each other, and return the outermost."""
    (folder / f"level{DEPTH}.yaml").write_text("ciranda: 1\n" + INNERMOST)
    for level in reversed(range(DEPTH)):
        (folder / f"level{level}.yaml").write_text("ciranda: 1\n" + LEVEL % (level + 1))
    return folder / "level0.yaml"


async def main(rounds: int) -> None:
    """Measure and print."""
    async with Engine(durability="off") as engine:
        for name, text, count in (
            ("maps in a map, 100 x 100", GRID, 10_000),
            (f"a loop of {TURNS:,} turns", LOOP, TURNS),
        ):
            contenders = {
                "one flat map": flow(engine, FLAT.format(count=count)),
                name: flow(engine, text),
            }
            times = await interleaved(contenders, count, rounds)
            print(f"{name}, a step:")
            show(times, count, "one flat map")
        with tempfile.TemporaryDirectory() as kept:
            deep = made(engine, load(nested(Path(kept))))
            contenders = {
                "one flat map": flow(engine, FLAT.format(count=DEPTH + 1)),
                "workflows in workflows": deep,
            }
            times = await interleaved(contenders, DEPTH + 1, rounds)
        print(f"workflows in workflows, {DEPTH} deep, a level:")
        show(times, DEPTH + 1, "one flat map")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5))
