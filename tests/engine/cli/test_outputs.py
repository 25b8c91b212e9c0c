"""What `ciranda show -o json` tells of outputs is what the steps of the run could read."""

import pytest

import ciranda
from ciranda import StepError
from ciranda.cli import review as reviewing
from ciranda.cli.review import review
from ciranda.engine import Engine

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
name: outputs
steps:
  map: {map: "${{ [1, 2] }}", uses: my.echo, with: {n: "${{ item }}"}}
  matrix: {matrix: {a: [1, 2], b: [3]}, uses: my.echo, with: {n: "${{ matrix.a + matrix.b }}"}}
  groups:
    map: ${{ [1, 2] }}
    steps: {one: {uses: my.echo, with: {n: "${{ item }}"}}}
    outputs: {got: "${{ steps.one.output }}"}
  group:
    steps: {one: {map: "${{ [5] }}", uses: my.echo, with: {n: "${{ item }}"}}}
    outputs: {got: "${{ steps.one.output }}"}
  loop: {while: "${{ loop.index < 2 }}", uses: my.echo, with: {n: "${{ loop.index }}"}}
  turns:
    while: ${{ loop.index < 2 }}
    steps: {one: {uses: my.echo, with: {n: "${{ loop.index }}"}}}
    outputs: {got: "${{ steps.one.output }}"}
  race: {map: "${{ [0, 1, 2] }}", join: race, uses: my.odd, with: {n: "${{ item }}"}}
  lost: {map: "${{ [0, 2] }}", join: race, uses: my.odd, with: {n: "${{ item }}"}}
  branches:
    join: race
    steps: {a: {uses: my.odd, with: {n: 0}}, b: {uses: my.odd, with: {n: 3}}}
  enough:
    map: ${{ [1, 2] }}
    join: {at-least: 1, rest: finish}
    uses: my.odd
    with: {n: "${{ item }}"}
  holes: {map: "${{ [1, 2] }}", uses: my.odd, with: {n: "${{ item }}"}, continue-on-error: true}
  stopped:
    map: ${{ [2, 1] }}
    max-parallel: 1
    on-item-failure: stop
    uses: my.odd
    with: {n: "${{ item }}"}
  none: {map: "${{ [] }}", uses: my.echo, with: {n: 1}}
"""


@ciranda.action("my.echo")
async def echo(n: int) -> int:
    return n


@ciranda.action("my.odd")
async def odd(n: int) -> int:
    if n % 2 == 0:
        raise StepError("even", f"{n} is even")
    return n


@pytest.fixture
def anyio_backend():
    return "asyncio"  # what reads the log does not wait for anything


async def test_outputs_of_what_holds_others_are_those_that_expressions_read(tmp_path, monkeypatch):
    tmp_path.joinpath("flow.yaml").write_text(FLOW)
    async with Engine(store=tmp_path, replaced={"my.echo": echo, "my.odd": odd}) as engine:
        result = await engine.run(tmp_path / "flow.yaml")
        row = engine.log.run(result.run_id)
        told = {name: view["output"] for name, view in review(engine.log, row).steps.items()}
        monkeypatch.setattr(reviewing, "_LONGEST", 1)
        few = {name: view["output"] for name, view in review(engine.log, row).steps.items()}

    read = {name: view["output"] for name, view in result.steps.items()}
    assert result.failures == ("lost", "stopped")
    assert {name: _plain(value) for name, value in read.items()} == told
    assert told["map"] == [1, 2]
    assert told["groups"] == [{"got": 1}, {"got": 2}]
    assert told["group"] == {"got": [5]}
    assert told["turns"] == {"got": 1}
    assert told["race"] == {"winner": 1, "value": 1}
    assert told["holes"] == [1, None]
    assert told["stopped"] is None
    assert few["map"] is None
    assert few["group"] == {"got": [5]}


def _plain(value):
    return [*value] if isinstance(value, list | tuple) else value
