"""The static half of a run: which step waits for which, and how urgent each one is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, Protocol

import msgspec

from ciranda.events.path import inside
from ciranda.workflow.model import Block, Join, Step

__all__ = ["Graph", "Links", "Node", "build_graph", "upward_ranks"]

DEFAULT_WIDTH: Final = 64
_ALL: Final = Join()
_NOWHERE: Final[Mapping[tuple[str, ...], Links]] = MappingProxyType({})


class Links(Protocol):
    """How the steps of a block hang together; `ciranda.workflow` finds it out."""

    @property
    def edges(self) -> Mapping[str, tuple[str, ...]]:
        """For each step the steps of the block that it needs."""
        ...

    @property
    def lifts(self) -> Mapping[str, bool | frozenset[str]]:
        """For each step its status rule."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """The steps of the levels above that are read inside."""
        ...

    @property
    def peers(self) -> frozenset[str]:
        """The steps of the `try` beside it that are read inside."""
        ...


class Node(msgspec.Struct, frozen=True):
    """A step as the scheduler sees it.

    Attributes:
        index: Its place in its graph, from 0.
        id: Its name.
        needs: Indexes of the steps that must have ended before it.
        dependents: Indexes of the steps that wait for it.
        rank: Seconds of work on the longest way from its start to the end of the run.
        is_map: Whether it runs once for each item of a list.
        width: How many items of a map may run at once.
        on_item_failure: What a failed item means for the rest of a map.
        lifts: True when its `if` speaks of status in general, so that a failed need does not
            skip it; else the indexes of the needs whose status it reads.
        is_loop: Whether it runs turn after turn.
        body: What it does; see the model.
        blocks: The graphs inside of it, by name.
        catches: The kinds that each `catch` of a `try` takes.
        join: How many of its items, or of the branches inside of it, have to succeed.
        is_retried: Whether it may be tried again: what was done inside of it is undone before.
    """

    index: int
    id: str
    needs: tuple[int, ...]
    dependents: tuple[int, ...]
    rank: float
    is_map: bool = False
    width: int = 1
    on_item_failure: Literal["stop", "finish", "keep"] = "stop"
    lifts: bool | frozenset[int] = False
    is_loop: bool = False
    body: str = "action"
    blocks: Mapping[str, Graph] = msgspec.field(default_factory=dict)
    catches: tuple[tuple[str, ...], ...] = ()
    join: Join = _ALL
    is_retried: bool = False
    plain: bool = True  # its success is no more than an output: no blocks, no end of the run

    def lifts_need(self, need: int) -> bool:
        """Say whether the failure of `need` leaves this step free to decide for itself."""
        return self.lifts if isinstance(self.lifts, bool) else need in self.lifts


class Graph(msgspec.Struct, frozen=True):
    """The steps of a workflow or of a block, in file order, and their indexes by id.

    Attributes:
        nodes: The steps.
        by_id: Their indexes.
        first: The place of the first of them among all steps of the workflow, at any depth.
        total: How many steps there are in it, at any depth.
        blocks: The graphs of the run's own handlers.
        reads: The steps of outside that are read inside.
        branches: Indexes of the steps that no other needs.
        undoable: Whether a step in it, at any depth, can be compensated.
        heeds_starts: Whether a step in it, at any depth, cleans up after it was stopped.
        fail_fast: Whether a failure stops all the others.
        unmet: How many steps each of them needs.
    """

    nodes: tuple[Node, ...]
    by_id: Mapping[str, int]
    first: int = 0
    total: int = 0
    blocks: Mapping[str, Graph] = msgspec.field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    branches: frozenset[int] = frozenset()
    undoable: bool = False
    heeds_starts: bool = False
    fail_fast: bool = False
    unmet: tuple[int, ...] = ()


def upward_ranks(
    durations: list[float], dependents: list[list[int]], needs: Iterable[tuple[int, ...]]
) -> list[float]:
    """Return `r(t) = d(t) + max r(child)` for each node of an acyclic graph, without recursion.

    Source: Topcuoglu et al., "Performance-effective and low-complexity task scheduling", 2002.
    """
    waiting = [len(children) for children in dependents]
    parents = list(needs)
    ranks = list(durations)
    settled = [index for index, count in enumerate(waiting) if count == 0]
    for index in settled:
        for parent in parents[index]:
            ranks[parent] = max(ranks[parent], durations[parent] + ranks[index])
            waiting[parent] -= 1
            if waiting[parent] == 0:
                settled.append(parent)
    return ranks


def build_graph(
    steps: Mapping[str, Step],
    edges: Mapping[str, tuple[str, ...]],
    lifts: Mapping[str, bool | frozenset[str]],
    *,
    durations: Mapping[str, float] | None = None,
    widths: Mapping[str, int] | None = None,
    inner: Mapping[tuple[str, ...], Links] = _NOWHERE,
    handlers: Mapping[str, Block] | None = None,
    fail_fast: bool = False,
    file: str = "",
) -> Graph:
    """Build the graph of checked steps.

    Args:
        steps: The steps by id, in file order.
        edges: For each step the ids it needs, written and inferred; acyclic.
        lifts: For each step its status rule.
        durations: Seconds that a step took before, where known, by its place: `files/rows`.
        widths: How many items of a map run at once when the file does not say; else 64.
        inner: How the steps of each block hang together, by the way to it.
        handlers: What the run does at its end.
        fail_fast: Whether a failure stops all the others.
        file: What steps inside of it that begin it again call it.
    """
    builder = _Builder(inner, durations or {}, widths or {})
    builder.around[file] = (steps, handlers or {})
    found = builder.graph(steps, edges, lifts, (), handlers or {}, fail_fast=fail_fast)
    builder.lead_back(file, found)
    return found


class _Builder(msgspec.Struct):
    """Numbers all steps of a workflow, those of each graph side by side."""

    inner: Mapping[tuple[str, ...], Links]
    durations: Mapping[str, float]
    widths: Mapping[str, int]
    numbered: int = 0
    around: dict[str, tuple[Mapping[str, Step], Mapping[str, Block]]] = msgspec.field(
        default_factory=dict
    )
    _again: list[tuple[str, dict[str, Graph]]] = msgspec.field(default_factory=list)

    def lead_back(self, file: str, graph: Graph) -> None:
        """Give the steps that begin a file again the graph of that file, which holds them."""
        del self.around[file]
        for named, blocks in self._again:
            if named == file:
                blocks["workflow"] = graph
        self._again = [each for each in self._again if each[0] != file]

    def graph(
        self,
        steps: Mapping[str, Step],
        edges: Mapping[str, tuple[str, ...]],
        lifts: Mapping[str, bool | frozenset[str]],
        way: tuple[str, ...],
        handlers: Mapping[str, Block],
        *,
        reads: frozenset[str] = frozenset(),
        fail_fast: bool = False,
    ) -> Graph:
        first = self.numbered
        self.numbered += len(steps)
        by_id = {name: index for index, name in enumerate(steps)}
        needs = [tuple(by_id[need] for need in edges.get(name, ())) for name in steps]
        dependents: list[list[int]] = [[] for _ in steps]
        for index, wanted in enumerate(needs):
            for need in wanted:
                dependents[need].append(index)
        around = ""
        for name, block in zip(way[::2], way[1::2], strict=False):
            around = inside(f"{around}{name}", block)
        known = self.durations
        costs = [
            step.estimate if step.estimate is not None else known.get(f"{around}{name}", 1.0)
            for name, step in steps.items()
        ]
        ranks = upward_ranks(costs, dependents, needs)
        nodes = []
        for index, (name, step) in enumerate(steps.items()):
            rule = lifts.get(name, False)
            blocks = self._blocks(step.blocks, (*way, name)) if step.blocks else {}
            nodes.append(
                Node(
                    index=index,
                    id=name,
                    needs=needs[index],
                    dependents=tuple(dependents[index]),
                    rank=ranks[index],
                    is_map=step.map is not None or step.matrix is not None,
                    width=step.max_parallel or self.widths.get(name, DEFAULT_WIDTH),
                    on_item_failure=step.on_item_failure,
                    lifts=rule
                    if isinstance(rule, bool)
                    else frozenset(by_id[need] for need in rule if need in by_id),
                    is_loop=step.loop is not None,
                    body=step.body,
                    blocks=blocks,
                    catches=step.catches,
                    join=step.join,
                    is_retried=step.retry is not None,
                    plain=not blocks and step.body != "succeed",
                )
            )
        own = self._blocks(handlers, (*way, "")) if handlers else {}
        return Graph(
            nodes=tuple(nodes),
            by_id=by_id,
            first=first,
            total=self.numbered - first,
            blocks=own,
            reads=reads,
            branches=frozenset(node.index for node in nodes if not node.dependents),
            undoable=any(
                "compensate" in node.blocks or any(one.undoable for one in node.blocks.values())
                for node in nodes
            ),
            heeds_starts=any(
                "on-cancel" in node.blocks or any(one.heeds_starts for one in node.blocks.values())
                for node in nodes
            )
            or any(one.heeds_starts for one in own.values()),
            fail_fast=fail_fast,
            unmet=tuple(map(len, needs)),
        )

    def _blocks(self, blocks: Mapping[str, Block], way: tuple[str, ...]) -> Mapping[str, Graph]:
        found: dict[str, Graph] = {}
        for name, block in blocks.items():
            if block.again:
                found[name] = self._ahead(block.again)
                self._again.append((block.again, found))
                continue
            own = block.workflow
            if own is not None:
                self.around[own.file] = (own.steps, own.handlers)
            links = self.inner[*way, name]
            found[name] = self.graph(
                block.steps,
                links.edges,
                links.lifts,
                (*way, name),
                own.handlers if own is not None else {},
                reads=links.reads | links.peers,
                fail_fast=own is not None and own.fail_fast,
            )
            if own is not None:
                self.lead_back(own.file, found[name])
        return found

    def _ahead(self, file: str) -> Graph:
        """Return what stands for a graph that is not whole yet, for those who ask what is in it."""
        known: set[str] = set()
        files = [file]
        for each in files:  # the list is the queue
            steps, handlers = self.around[each]
            waiting = [Block(steps=dict(steps)), *handlers.values()]
            for block in waiting:  # and so is this one
                if block.workflow is not None:
                    waiting += block.workflow.handlers.values()
                if block.again in self.around and block.again not in files:
                    files.append(block.again)
                for step in block.steps.values():
                    known |= step.blocks.keys()
                    waiting += step.blocks.values()
        return Graph((), {}, undoable="compensate" in known, heeds_starts="on-cancel" in known)
