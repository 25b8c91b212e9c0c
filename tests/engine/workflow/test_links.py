"""Graphs of blocks: who waits for whom, against a naive search."""

import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.actions import Action
from ciranda.workflow.check import check, find_faults
from ciranda.workflow.graph import edges
from ciranda.workflow.load import loads
from ciranda.workflow.model import Block, Join, Step, Workflow

NESTED = """ciranda: 1
steps:
  a: {run: x}
  b: {run: x}
  g:
    needs: b
    steps:
      c: {run: [x, "${{ steps.a.output }}"]}
      d: {if: failed(), needs: c, run: x}
      h: {steps: {e: {run: [x, "${{ steps.c.output }}", "${{ steps.a.status }}"]}}}
    outputs: {o: "${{ steps.c.output ?? steps.b.output }}"}
    on-failure: {f: {run: [x, "${{ steps.k.output }}"]}}
    compensate: {f: {run: [x, "${{ steps.g.output.o }}"]}}
  k: {run: x}
  t:
    try: {p: {run: x}}
    catch: [{steps: {q: {run: [x, "${{ steps.p.output ?? 1 }}"]}}}]
    finally: {q: {run: x}}
  s: {order: 1}
finally: {z: {run: [x, "${{ steps.a.output ?? 1 }}"]}, y: {if: always(), needs: z, run: x}}
""".replace("  s: {order: 1}\n", "")


def test_a_block_has_a_graph_of_its_own_and_its_reads_count_for_its_owner(
    actions: dict[str, Action],
):
    result = check(loads(NESTED), actions)
    inner = result.inner

    assert result.edges == {
        "a": (), "b": (), "g": ("b", "a", "k"), "k": (), "t": (),
    }  # fmt: skip
    assert edges(result.workflow) == result.edges
    assert inner["g", "steps"].edges == {"c": (), "d": ("c",), "h": ("c",)}
    assert inner["g", "steps"].lifts == {"c": frozenset(), "d": True, "h": frozenset()}
    assert inner["g", "steps"].reads == {"a", "b"}
    assert inner["g", "steps", "h", "steps"].reads == {"a", "c"}
    assert inner["g", "on-failure"].reads == {"k"}
    assert inner["g", "compensate"].reads == {"g"}
    assert inner["t", "catch0"].peers == {"p"}
    assert inner["t", "catch0"].reads == frozenset()
    assert inner["", "finally"].edges == {"z": (), "y": ("z",)}
    assert inner["", "finally"].reads == {"a"}
    assert set(inner) == {
        ("g", "steps"), ("g", "on-failure"), ("g", "compensate"), ("g", "steps", "h", "steps"),
        ("t", "try"), ("t", "catch0"), ("t", "finally"), ("", "finally"),
    }  # fmt: skip


def test_the_order_of_a_file_is_the_order_of_its_groups(actions: dict[str, Action]):
    text = "ciranda: 1\norder: sequence\nsteps: {g: {steps: {a: {run: x}, b: {run: x}}}}"

    assert check(loads(text), actions).inner["g", "steps"].edges == {"a": (), "b": ("a",)}


@st.composite
def nested(draw: st.DrawFn) -> Workflow:
    """Return random groups whose steps read any step at all."""
    ids = [f"s{at}" for at in range(draw(st.integers(2, 10)))]
    reads = st.lists(st.sampled_from(ids), max_size=3)
    left = list(ids)

    def steps(depth: int) -> dict[str, Step]:
        made: dict[str, Step] = {}
        for _ in range(draw(st.integers(1, 3))):
            if not left:
                break
            name = left.pop()
            value = {"v": [f"${{{{ steps.{each}.output }}}}" for each in draw(reads)]}
            blocks: dict[str, Block] = {}
            if depth < 3 and draw(st.booleans()):
                kind = draw(st.sampled_from(["steps", "try", "on-failure"]))
                output = {"o": f"${{{{ steps.{draw(st.sampled_from(ids))}.status }}}}"}
                blocks = {kind: Block(steps=steps(depth + 1), outputs=output)}
            body: Any = "group" if blocks else "action"
            made[name] = Step(id=name, uses="any.thing", body=body, with_=value, blocks=blocks)
        return made

    return Workflow(name="w", steps=steps(0))


def naive(steps: dict[str, Step], visible: list[set[str]]) -> tuple[dict[str, set[str]], set[str]]:
    """Return the needs of each step at one level, and what it reads of outside."""
    here = set(steps)
    needs: dict[str, set[str]] = {}
    outside: set[str] = set()
    for name, step in steps.items():
        read = {text.split(".")[1] for text in step.with_.get("v", [])}
        for block in step.blocks.values():
            _, passed = naive(block.steps, [*visible, here])
            own = {text.split(".")[1] for text in block.outputs.values()} - set(block.steps)
            read |= passed | own
        needs[name] = (read & here) - {name}
        outside |= {each for each in read - here if any(each in level for level in visible)}
    return needs, outside


@given(nested())
@settings(deadline=None, max_examples=share(150))
def test_owners_need_what_their_insides_read(workflow: Workflow):
    result, _ = find_faults(workflow, {})

    def compare(found: Any, steps: dict[str, Step], way: tuple[str, ...], visible: list[set[str]]):
        needs, _ = naive(steps, visible)
        assert {name: set(each) for name, each in found.items()} == needs
        for name, step in steps.items():
            for kind, block in step.blocks.items():
                links = result.inner[(*way, name, kind)]
                seen = [*visible, set(steps)]
                _, outside = naive(block.steps, seen)
                own = {text.split(".")[1] for text in block.outputs.values()} - set(block.steps)
                reads = outside | {each for each in own if any(each in level for level in seen)}
                assert links.reads == reads
                compare(links.edges, block.steps, (*way, name, kind), seen)

    compare(result.edges, workflow.steps, (), [])


def groups(count: int) -> Workflow:
    """Return groups of ten steps; each reads the output of the one before."""
    steps = {}
    for at in range(count):
        inner = {
            f"i{at}_{each}": Step(
                id=f"i{at}_{each}",
                uses="math.add",
                with_={"x": f"${{{{ steps.g{at - 1}.output.o }}}}" if at else each},
            )
            for each in range(10)
        }
        outputs = {"o": f"${{{{ steps.i{at}_0.output }}}}"}
        block = Block(steps=inner, outputs=outputs)
        steps[f"g{at}"] = Step(id=f"g{at}", body="group", blocks={"steps": block})
    return Workflow(name="w", steps=steps)


@pytest.mark.uncounted
def test_ten_thousand_steps_in_groups_are_no_trouble(actions: dict[str, Action]):
    began = time.perf_counter()
    result = check(groups(1000), actions)

    assert len(result.inner) == 1000
    assert result.edges["g999"] == ("g998",)
    assert time.perf_counter() - began < 20


def test_steps_are_nested_as_deep_as_one_likes(actions: dict[str, Action]):
    here = {"s0": Step(id="s0", uses="math.add", with_={"x": "${{ steps.a.output }}"})}
    for at in range(1, 64):
        block = Block(steps=here, outputs={"o": f"${{{{ steps.s{at - 1}.status }}}}"})
        here = {f"s{at}": Step(id=f"s{at}", body="group", blocks={"steps": block}, join=Join())}
    first = Step(id="a", uses="math.add", with_={"x": 1})

    result = check(Workflow(name="w", steps={"a": first, **here}), actions)

    assert result.edges == {"a": (), "s63": ("a",)}
    assert all("a" in links.reads for links in result.inner.values())
