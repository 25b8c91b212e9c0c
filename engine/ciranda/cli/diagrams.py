"""Graphs as text for programs that draw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, final

from ciranda.cli.nests import Nest, Standing, handlers, inner, top, turning, words

if TYPE_CHECKING:
    from ciranda.workflow.model import Step, Workflow

__all__ = ["dot", "mermaid"]

_COLOURS: Final = {
    "succeeded": "#c6f6d5",
    "failed": "#fed7d7",
    "skipped": "#edf2f7",
    "cancelled": "#feebc8",
    "running": "#bee3f8",
    "waiting": "#bee3f8",
}
_WAITS: Final = frozenset({"wait", "approve", "sleep"})
_ENDS: Final = frozenset({"succeed", "fail"})


def mermaid(workflow: Workflow, standing: Standing) -> Iterator[str]:
    """Yield a Mermaid flowchart: what is inside of a step is a subgraph."""
    yield "flowchart TD"
    whole = top(workflow)
    drawing = _Mermaid(standing)
    yield from drawing.nest(whole, "    ")
    for nest in handlers(workflow, whole):
        yield from drawing.block(nest, "    ", drawing.number(nest.prefix))
    yield from drawing.styles


@final
class _Mermaid:
    """Numbers the steps: `end` or `graph` as an id would break the diagram."""

    def __init__(self, standing: Standing) -> None:
        self._standing: Final = standing
        self._ids: Final[dict[str, str]] = {}  # by place
        self.styles: Final[list[str]] = []

    def number(self, place: str) -> str:
        """Return the id of a step or a block."""
        return self._ids.setdefault(place, f"s{len(self._ids)}")

    def nest(self, nest: Nest, indent: str) -> Iterator[str]:
        """Yield steps that stand side by side, and their edges."""
        for step in nest.steps.values():
            yield from self._step(nest, step, indent)
        for name, wanted in nest.needs.items():
            for need in wanted:
                ends = self.number(nest.key(need)), self.number(nest.key(name))
                yield f"{indent}{ends[0]} --> {ends[1]}"

    def block(self, nest: Nest, indent: str, number: str) -> Iterator[str]:
        """Yield a block as a subgraph."""
        yield f'{indent}subgraph {number}["{_mermaid_text(nest.title)}"]'
        yield from self.nest(nest, f"{indent}    ")
        yield f"{indent}end"

    def _step(self, nest: Nest, step: Step, indent: str) -> Iterator[str]:
        place = nest.key(step.id)
        number = self.number(place)
        text = "<br/>".join(_mermaid_text(line) for line in _label(nest, step))
        blocks = inner(nest, step)
        colour = _COLOURS.get(self._standing.of(nest, step.id))
        if colour is not None:
            self.styles.append(f"    style {number} fill:{colour}")
        if not blocks:
            left, right = _shape(step)
            yield f'{indent}{number}{left}"{text}"{right}'
            if step.loop is not None:
                yield self._back(step, number, number, indent)
            return
        yield f'{indent}subgraph {number}["{text}"]'
        yield from self._blocks(step, blocks, number, f"{indent}    ")
        yield f"{indent}end"

    def _blocks(self, step: Step, blocks: list[Nest], number: str, indent: str) -> Iterator[str]:
        ids = [f"{number}_{order}" for order in range(len(blocks))]
        for block, each in zip(blocks, ids, strict=True):
            if block.title:
                yield from self.block(block, indent, each)
            else:
                yield from self.nest(block, indent)
        if step.body == "switch":
            yield f'{indent}{number}_c{{"switch"}}'
        for block, each in zip(blocks, ids, strict=True):
            yield from (f"{indent}{edge}" for edge in _mermaid_edges(block, each, ids, number))
        if step.loop is not None:
            first, last = (self.number(blocks[0].key(name)) for name in blocks[0].ends)
            yield self._back(step, last, first, indent)

    def _back(self, step: Step, last: str, first: str, indent: str) -> str:
        assert step.loop is not None  # asked by whoever calls
        return f'{indent}{last} -.->|"{_mermaid_text(turning(step.loop))}"| {first}'


def _mermaid_edges(block: Nest, each: str, ids: list[str], number: str) -> Iterator[str]:
    """Yield how a block of a step is reached."""
    if block.block.startswith("case"):
        yield f'{number}_c -->|"{_mermaid_text(block.title)}"| {each}'
    elif block.block == "finally":
        yield from (f"{before} --> {each}" for before in ids[: ids.index(each)])
    elif block.title and each != ids[0]:
        yield f"{ids[0]} -.-> {each}"


def _shape(step: Step) -> tuple[str, str]:
    if step.map is not None or step.matrix is not None:
        return "[[", "]]"
    if step.body in _WAITS:
        return "([", "])"
    if step.body in _ENDS:
        return "((", "))"
    return "[", "]"


def dot(workflow: Workflow, standing: Standing) -> Iterator[str]:
    """Yield a Graphviz digraph: what is inside of a step is a cluster."""
    yield f"digraph {_quoted(workflow.name)} {{"
    yield "    compound=true;"
    yield "    node [shape=box, style=filled, fillcolor=white];"
    whole = top(workflow)
    drawing = _Dot(standing)
    yield from drawing.nest(whole, "    ")
    for nest in handlers(workflow, whole):
        yield from drawing.block(nest, "    ")
    yield "}"


@final
class _Dot:
    """Stands for a cluster by a node in it: an edge needs one."""

    def __init__(self, standing: Standing) -> None:
        self._standing: Final = standing

    def nest(self, nest: Nest, indent: str) -> Iterator[str]:
        """Yield steps that stand side by side, and their edges."""
        for step in nest.steps.values():
            yield from self._step(nest, step, indent)
        for name, wanted in nest.needs.items():
            for need in wanted:
                tail, head = nest.key(need), nest.key(name)
                options = [f"ltail={_cluster(tail)}"] if nest.steps[need].blocks else []
                options += [f"lhead={_cluster(head)}"] if nest.steps[name].blocks else []
                yield f"{indent}{_quoted(tail)} -> {_quoted(head)}{_options(options)};"

    def block(self, nest: Nest, indent: str) -> Iterator[str]:
        """Yield a block as a cluster."""
        yield f"{indent}subgraph {_cluster(nest.key(nest.block))} {{"
        yield f"{indent}    label={_quoted(nest.title)}; style=dashed;"
        yield from self.nest(nest, f"{indent}    ")
        yield f"{indent}}}"

    def _step(self, nest: Nest, step: Step, indent: str) -> Iterator[str]:
        place = nest.key(step.id)
        label = "\\n".join(_quoted(line)[1:-1] for line in _label(nest, step))
        colour = _COLOURS.get(self._standing.of(nest, step.id))
        several = ["peripheries=2"] if step.map is not None or step.matrix is not None else []
        blocks = inner(nest, step)
        if not blocks:
            options = [f'label="{label}"']
            options += [] if colour is None else [f'fillcolor="{colour}"']
            options += ["shape=oval"] if step.body in _WAITS else []
            options += ["shape=octagon"] if step.body in _ENDS else []
            yield f"{indent}{_quoted(place)}{_options([*options, *several])};"
            if step.loop is not None:
                yield _dot_back(step, place, place, indent)
            return
        yield f"{indent}subgraph {_cluster(place)} {{"
        fill = "" if colour is None else f' style=filled; fillcolor="{colour}";'
        yield f'{indent}    label="{label}";{fill}{" peripheries=2;" if several else ""}'
        stands = (
            'shape=diamond, label="switch"' if step.body == "switch" else "style=invis, shape=point"
        )
        yield f"{indent}    {_quoted(place)} [{stands}];"
        yield from self._blocks(step, blocks, place, f"{indent}    ")
        yield f"{indent}}}"

    def _blocks(self, step: Step, blocks: list[Nest], place: str, indent: str) -> Iterator[str]:
        for block in blocks:
            yield from self.block(block, indent) if block.title else self.nest(block, indent)
            first = block.key(block.ends[0])
            head = f"lhead={_cluster(block.key(block.block))}"
            if block.block.startswith("case"):
                label = f"label={_quoted(block.title)}"
                yield f"{indent}{_quoted(place)} -> {_quoted(first)}{_options([label, head])};"
            elif block.title and block is not blocks[0]:
                last = blocks[0].key(blocks[0].ends[1])
                tail = f"ltail={_cluster(blocks[0].key(blocks[0].block))}"
                options = _options(["style=dashed", tail, head])
                yield f"{indent}{_quoted(last)} -> {_quoted(first)}{options};"
        if step.loop is not None:
            first, last = (blocks[0].key(name) for name in blocks[0].ends)
            yield _dot_back(step, last, first, indent)


def _dot_back(step: Step, last: str, first: str, indent: str) -> str:
    assert step.loop is not None  # asked by whoever calls
    options = _options([f"label={_quoted(turning(step.loop))}", "style=dashed", "constraint=false"])
    return f"{indent}{_quoted(last)} -> {_quoted(first)}{options};"


def _options(options: list[str]) -> str:
    return f" [{', '.join(options)}]" if options else ""


def _cluster(place: str) -> str:
    return _quoted(f"cluster_{place}")


def _label(nest: Nest, step: Step) -> list[str]:
    return [nest.called(step), *words(step)]


def _mermaid_text(text: str) -> str:
    return re.sub(r"[^\w .,:;/()+=*-]", lambda found: f"#{ord(found[0])};", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
