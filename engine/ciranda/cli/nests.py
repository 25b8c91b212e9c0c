"""The steps inside of a step, as pictures of a workflow show them: a nest for each block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ciranda.events.path import inside

if TYPE_CHECKING:
    from ciranda.workflow.model import Block, Loop, Step, Workflow

__all__ = ["Nest", "Standing", "handlers", "inner", "top", "turning", "words"]

Way = tuple[str, ...]
Graphs = Mapping[Way, Mapping[str, tuple[str, ...]]]

_AGAIN: Final = "..."  # stands for the steps of a file that begins again; no step is called so
_ALONE: Final = frozenset({"steps", "workflow"})  # the only blocks of a step that need no title


@dataclass(frozen=True, slots=True)
class Nest:
    """Steps that stand side by side.

    Attributes:
        block: The name of the block; empty are the steps of the run itself.
        title: What a reader calls it; empty where there is nothing to say.
        steps: The steps, by id.
        needs: What each of them waits for.
        prefix: What their places begin with.
        way: The way to the block: step id, block name, ...
        graphs: The needs of all blocks.
        result: The one step of a body that stands by itself.
    """

    block: str
    title: str
    steps: Mapping[str, Step]
    needs: Mapping[str, tuple[str, ...]]
    prefix: str
    way: Way
    graphs: Graphs
    result: str = ""

    @property
    def ends(self) -> tuple[str, str]:
        """A step that needs none of the others, and one that none of the others needs."""
        needed = {need for wanted in self.needs.values() for need in wanted}
        names = list(self.needs)
        first = next((name for name in names if not self.needs[name]), "")
        last = next((name for name in reversed(names) if name not in needed), "")
        return first, last

    def key(self, name: str) -> str:
        """Return what no other step of the picture is called: cases may use the same ids."""
        if any(block.startswith("case") for block in self.way[1::2]):
            return "/".join((*self.way, name))
        return f"{self.prefix}{name}"

    def called(self, step: Step) -> str:
        """Return how a reader knows a step: a body that stands by itself by what it calls."""
        return step.uses or step.body if step.id == self.result else step.id


@dataclass(frozen=True, slots=True)
class Standing:
    """How the steps of a run stand.

    Attributes:
        statuses: By the place of a step.
        entered: The blocks that were entered, by the place of their step.
    """

    statuses: Mapping[str, str] = field(default_factory=dict)
    entered: Mapping[str, Collection[str]] = field(default_factory=dict)

    def of(self, nest: Nest, name: str) -> str:
        """Return the status of a step; empty when nothing is known of it."""
        owner = nest.prefix.removesuffix("/")
        if nest.block.startswith("case") and nest.block not in self.entered.get(owner, ()):
            return ""
        return self.statuses.get(f"{nest.prefix}{name}", "")


def top(workflow: Workflow) -> Nest:
    """Return the steps of the run itself."""
    graphs = dict(_graphs(workflow))
    return Nest("", "", workflow.steps, graphs[()], "", (), graphs)


def handlers(workflow: Workflow, nest: Nest) -> Iterator[Nest]:
    """Yield the handlers of the run.

    Args:
        workflow: The workflow.
        nest: Its own steps.
    """
    for name, block in workflow.handlers.items():
        yield _nest(name, name, block, "", ("", name), nest.graphs)


def inner(nest: Nest, step: Step) -> list[Nest]:
    """Return what is inside of a step of a nest."""
    only = len(step.blocks) == 1
    found = []
    for name, block in step.blocks.items():
        title = "" if only and name in _ALONE else _title(step, name, block)
        place, way = f"{nest.prefix}{step.id}", (*nest.way, step.id, name)
        if block.again:
            found.append(_again(step, name, title, place, way, nest.graphs))
        else:
            found.append(_nest(name, title, block, place, way, nest.graphs))
    return found


def _again(step: Step, name: str, title: str, place: str, way: Way, graphs: Graphs) -> Nest:
    """Return the one line that stands for a file in itself: it is drawn once."""
    from ciranda.workflow.model import Step

    steps = {_AGAIN: Step(id=_AGAIN, uses=f"{step.uses} again")}
    return Nest(name, title, steps, {_AGAIN: ()}, inside(place, name), way, graphs, _AGAIN)


def _nest(name: str, title: str, block: Block, place: str, way: Way, graphs: Graphs) -> Nest:
    return Nest(
        name, title, block.steps, graphs[way], inside(place, name), way, graphs, block.result
    )


def _title(step: Step, name: str, block: Block) -> str:
    if name.startswith("case"):
        condition = step.cases[int(name.removeprefix("case"))]
        return "otherwise" if condition is None else f"if {condition.strip()}"
    if name.startswith("catch"):
        kinds = ", ".join(step.catches[int(name.removeprefix("catch"))])
        binds = f" as {block.binds}" if block.binds not in ("", "error") else ""
        return f"catch {kinds}".rstrip() + binds
    return name


def _graphs(workflow: Workflow) -> Iterator[tuple[Way, Mapping[str, tuple[str, ...]]]]:
    """Yield the needs of every block with its way, those of sub-workflows too."""
    from ciranda.workflow.level import levels_of
    from ciranda.workflow.links import links_of, reads_of
    from ciranda.workflow.parts import uses_of
    from ciranda.workflow.places import Places
    from ciranda.workflow.spots import spots

    waiting: list[tuple[Way, Workflow]] = [((), workflow)]
    while waiting:
        way, here = waiting.pop()
        levels = levels_of(here)
        reads = reads_of(levels, spots(here, Places(here.document), [], levels=levels))
        for level in levels:
            yield (*way, *level.way), links_of(level, reads[level], {}).edges
        waiting += [((*way, *rest), part) for rest, _, part in uses_of(here)]


def turning(loop: Loop) -> str:
    """Return how long a loop goes on."""
    return f"{'until' if loop.until else 'while'} {loop.condition.strip()}"


def words(step: Step) -> list[str]:
    """Return what a step without an action does, how often and under which conditions."""
    from ciranda.cli.stepnotes import notes

    return [word for word in (_body(step), *notes(step)) if word]


def _body(step: Step) -> str:
    from ciranda.cli.values import cell

    options = step.options
    if step.body == "approve":
        who = options.get("who")
        by = f" by {' or '.join(map(cell, who))}" if isinstance(who, (list, tuple)) else ""
        return f"asks for approval{by}"
    said = {
        "wait": ("waits for the event", options.get("event")),
        "sleep": ("sleeps", " ".join(map(cell, options.values()))),
        "emit": ("emits", options.get("event")),
        "fail": ("fails as", options.get("kind") or "failed"),
        "workflow": ("runs", step.uses),
        "switch": ("the first case that holds", ""),
        "succeed": ("ends all as a success", ""),
    }
    verb, what = said.get(step.body, ("", ""))
    return f"{verb} {cell(what)}".strip()
