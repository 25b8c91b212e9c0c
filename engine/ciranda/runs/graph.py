"""The static half of a run: which step waits for which, and how urgent each one is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ciranda.workflow.model import Step

__all__ = ["Graph", "Node", "build_graph", "upward_ranks"]

DEFAULT_WIDTH: Final = 64


@dataclass(frozen=True, slots=True)
class Node:
    """A step as the scheduler sees it.

    Attributes:
        index: Its place in the file, from 0.
        id: Its name.
        needs: Indexes of the steps that must have ended before it.
        dependents: Indexes of the steps that wait for it.
        rank: Seconds of work on the longest way from its start to the end of the run.
        is_map: Whether it runs once for each item of a list.
        width: How many items of a map may run at once.
        on_item_failure: What a failed item means for the rest of a map.
        lifts: True when its `if` speaks of status in general, so that a failed need does not
            skip it; else the indexes of the needs whose status it reads.
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

    def lifts_need(self, need: int) -> bool:
        """Say whether the failure of `need` leaves this step free to decide for itself."""
        return self.lifts if isinstance(self.lifts, bool) else need in self.lifts


@dataclass(frozen=True, slots=True)
class Graph:
    """All nodes in file order, and their indexes by id."""

    nodes: tuple[Node, ...]
    by_id: Mapping[str, int]


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
) -> Graph:
    """Build the graph of checked steps.

    Args:
        steps: The steps by id, in file order.
        edges: For each step the ids it needs, written and inferred; acyclic.
        lifts: For each step its status rule.
        durations: Seconds that a step took before, where known.
        widths: How many items of a map run at once when the file does not say; else 64.
    """
    by_id = {name: index for index, name in enumerate(steps)}
    needs = [tuple(by_id[need] for need in edges.get(name, ())) for name in steps]
    dependents: list[list[int]] = [[] for _ in steps]
    for index, wanted in enumerate(needs):
        for need in wanted:
            dependents[need].append(index)
    known = durations or {}
    costs = [
        step.estimate if step.estimate is not None else known.get(name, 1.0)
        for name, step in steps.items()
    ]
    ranks = upward_ranks(costs, dependents, needs)
    nodes = []
    for index, (name, step) in enumerate(steps.items()):
        rule = lifts.get(name, False)
        nodes.append(
            Node(
                index=index,
                id=name,
                needs=needs[index],
                dependents=tuple(dependents[index]),
                rank=ranks[index],
                is_map=step.map is not None,
                width=step.max_parallel or (widths or {}).get(name, DEFAULT_WIDTH),
                on_item_failure=step.on_item_failure,
                lifts=rule
                if isinstance(rule, bool)
                else frozenset(by_id[need] for need in rule if need in by_id),
            )
        )
    return Graph(nodes=tuple(nodes), by_id=by_id)
