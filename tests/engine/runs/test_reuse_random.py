"""Whatever the flow and the path: a rerun gives what a fresh run gives, and runs no more."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import Phase, given, settings, strategies as st
from tests.engine.runs.acts import flow

from ciranda import hookimpl
from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.runs.rerun import rerun_of
from ciranda.testing import harness

KINDS = ("action", "action", "group", "map", "loop", "switch", "try", "items")


@dataclass
class Node:
    """A step of a random flow."""

    name: str
    kind: str
    needs: list[str]
    inner: list[Node] = field(default_factory=list)

    @property
    def count(self) -> int:
        return 2 if self.kind in ("map", "loop", "items") else 1

    def text(self, deep: int) -> list[str]:
        pad = "  " * deep
        lines = [f"{pad}{self.name}:"]
        if self.needs:
            lines.append(f"{pad}  needs: [{', '.join(self.needs)}]")
        if self.kind in ("map", "items"):
            lines.append(f"{pad}  map: [0, 1]")
            lines.append(f"{pad}  as: i_{self.name}")
        if self.kind == "loop":
            lines.append(f"{pad}  until: loop.index == 1")
        if self.kind in ("action", "items"):
            read = "".join(f" ${{{{ steps.{need}.output ?? '' }}}}" for need in self.needs)
            where = f" ${{{{ i_{self.name} }}}}" if self.kind == "items" else ""
            lines.append(f"{pad}  uses: t.do")
            lines.append(f'{pad}  with: {{v: "{self.name}{where}{read}"}}')
            return lines
        word = {"switch": "switch", "try": "try"}.get(self.kind, "steps")
        inside = deep + 2
        if self.kind == "switch":
            lines += [f"{pad}  switch:", f"{pad}    - steps:"]
            inside += 2
        else:
            lines.append(f"{pad}  {word}:")
        for node in self.inner:
            lines += node.text(inside)
        outputs = ", ".join(
            f"{node.name}: '${{{{ steps.{node.name}.output ?? null }}}}'" for node in self.inner
        )
        at = "      " if self.kind == "switch" else "  "
        lines.append(f"{pad}{at}outputs: {{{outputs}}}")
        if self.kind == "try":
            lines.append(f"{pad}  catch: [{{steps: {{c_{self.name}: {{uses: t.do}}}}}}]")
        return lines


def grown(rng: random.Random, deep: int = 0, name: str = "s") -> list[Node]:
    """Return the steps of a random block."""
    nodes: list[Node] = []
    for number in range(rng.randint(1, 3 if deep else 4)):
        kind = rng.choice(KINDS if deep < 2 else ("action", "items"))
        needs = [each.name for each in nodes if rng.random() < 0.4]
        node = Node(f"{name}{number}", kind, needs)
        if kind not in ("action", "items"):
            node.inner = grown(rng, deep + 1, f"{node.name}_")
        nodes.append(node)
    return nodes


def whole(node: Node, path: str) -> list[str]:
    """Return the paths of all that runs when a step runs."""
    found = []
    for number in range(node.count):
        at = f"{path}/{number}" if node.count > 1 else path
        if node.kind in ("action", "items"):
            found.append(at)
        for each in node.inner:
            found += whole(each, f"{at}/{each.name}")
    return found


def paths(nodes: list[Node], prefix: str = "") -> list[str]:
    """Return the paths that a rerun can begin with."""
    found = []
    for node in nodes:
        path = prefix + node.name
        found.append(path)
        for number in range(node.count):
            at = f"{path}/{number}" if node.count > 1 else path
            if node.count > 1:
                found.append(at)
            found += paths(node.inner, f"{at}/")
    return found


def expected(nodes: list[Node], parts: list[str], prefix: str = "") -> list[str]:
    """Return the paths of what a rerun runs: an oracle that knows nothing of logs."""
    (first,) = [node for node in nodes if node.name == parts[0]]
    path, rest = prefix + first.name, parts[1:]
    found = []
    if not rest:
        found += whole(first, path)
    elif first.count > 1:
        number, rest = int(rest[0]), rest[1:]
        at = f"{path}/{number}"
        if rest:
            found += expected(first.inner, rest, f"{at}/")
        else:
            found += [
                each for each in whole(first, path) if each == at or each.startswith(f"{at}/")
            ]
        if first.kind == "loop":  # the turns that follow
            later = f"{path}/{number + 1}/"
            found += [each for each in whole(first, path) if each.startswith(later)]
    else:
        found += expected(first.inner, rest, f"{path}/")
    after = {first.name}
    for node in nodes:
        if node.name not in after and after & set(node.needs):
            after.add(node.name)
            found += whole(node, prefix + node.name)
    return found


class Journal:
    """Offers `t.do`, which gives what it is given, and notes where it ran."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    @hookimpl
    def actions(self) -> list[Action]:
        @action("t.do")
        async def do(v: str = "", ctx: Context | None = None) -> str:
            """Give it back."""
            assert ctx is not None
            self.paths.append(ctx.path)
            return v

        return [do]


async def reran(nodes: list[Node], start: str) -> None:
    names = [node.name for node in nodes]
    outputs = ", ".join(f"{name}: '${{{{ steps.{name}.output ?? null }}}}'" for name in names)
    text = flow(
        "\n".join(line for node in nodes for line in node.text(1)), f"outputs: {{{outputs}}}"
    )
    journal = Journal()
    async with harness([journal]) as h:
        (h.folder / "flow.yaml").write_text(text)
        fresh = await h.run(h.folder / "flow.yaml", run_id="r1")
        assert fresh.ok, fresh.error
        assert sorted(journal.paths) == sorted(
            each for node in nodes for each in whole(node, node.name)
        )
        journal.paths.clear()
        again = await h.engine.rerun(rerun_of(h.engine, "r1", start))

    assert again.outputs == fresh.outputs
    assert sorted(journal.paths) == sorted(expected(nodes, start.split("/")))


@pytest.mark.uncounted
@given(st.integers(0, 2**32), st.integers(0, 2**16))
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_a_rerun_runs_the_path_and_what_follows_and_comes_to_the_same(
    seed: int, chosen: int
) -> None:
    nodes = grown(random.Random(seed))
    starts = paths(nodes)
    anyio.run(reran, nodes, starts[chosen % len(starts)])
