"""Steps inside of steps have a history of durations, by their place in the file."""

import anyio
import pytest

import ciranda
from ciranda.engine import Engine
from ciranda.runs.graph import build_graph
from ciranda.workflow.load import loads

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
name: inner
steps:
  files:
    map: ${{ [1, 2] }}
    steps:
      read: {uses: my.nap}
      rows: {needs: [read], map: "${{ [1, 2] }}", uses: my.nap}
      tried:
        try: {work: {uses: my.nap}}
        finally: {clean: {uses: my.nap}}
"""


@ciranda.action("my.nap")
async def nap() -> None:
    await anyio.sleep(0.001)


async def test_a_run_leaves_how_long_its_inner_steps_took(tmp_path):
    tmp_path.joinpath("flow.yaml").write_text(FLOW)
    asked = ["files/read", "files/rows", "files/tried/work", "files/tried/@finally/clean"]

    async with Engine(store=tmp_path, replaced={"my.nap": nap}) as engine:
        first = await engine.run(tmp_path / "flow.yaml")
        known = engine.log.durations("inner", [*asked, "files/0/read", "files/rows/0"])
        again = await engine.run(tmp_path / "flow.yaml")

    assert first.ok
    assert again.ok
    assert [*known] == asked
    assert all(0 < took < 60 for took in known.values())


async def test_what_took_long_before_is_urgent_inside_of_a_block_too():
    steps = "a: {uses: my.nap}, b: {uses: my.nap}"
    text = f"ciranda: 1\nname: w\nsteps:\n  g: {{steps: {{{steps}}}}}\n  c: {{uses: my.nap}}\n"
    async with Engine(durability="off", replaced={"my.nap": nap}) as engine:
        checked = engine.check(loads(text))

    graph = build_graph(
        checked.workflow.steps,
        checked.edges,
        checked.lifts,
        durations={"g/b": 9.0, "b": 3.0, "c": 2.0},
        inner=checked.inner,
    )

    inner = graph.nodes[0].blocks["steps"]
    assert [node.rank for node in inner.nodes] == [1.0, 9.0]
    assert graph.nodes[1].rank == 2.0
