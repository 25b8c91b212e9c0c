"""What reaches itself in a graph of calls."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TypeVar

__all__ = ["in_rings"]

_Node = TypeVar("_Node", bound=Hashable)


def in_rings(graph: Mapping[_Node, Collection[_Node]]) -> Iterator[_Node]:  # noqa: PLR0912  # one walk
    """Yield what reaches itself, by Tarjan's components, without recursion."""
    index: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    open_: dict[_Node, None] = {}
    for root in graph:
        if root in index:
            continue
        stack = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        open_[root] = None
        while stack:
            node, calls = stack[-1]
            for called in calls:
                if called not in graph:
                    continue
                if called not in index:
                    index[called] = low[called] = len(index)
                    open_[called] = None
                    stack.append((called, iter(graph[called])))
                    break
                if called in open_:
                    low[node] = min(low[node], index[called])
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == index[node]:
                    ring = []
                    while True:
                        member, _ = open_.popitem()
                        ring.append(member)
                        if member is node:
                            break
                    if len(ring) > 1 or node in graph[node]:
                        yield from ring
