"""LangGraph: nodes over channels, in supersteps."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from benchmarks.turns import Contender

NAME = "LangGraph"


class ChainState(TypedDict):
    """What nodes of the chain hand on."""

    value: int


class FanState(TypedDict):
    """What the source gives, and the sum of what the nodes made of it."""

    source: int
    total: Annotated[int, operator.add]


def chain(size: int) -> Contender:
    """Return a run of the chain."""

    async def begin(state: ChainState) -> dict[str, int]:
        return {"value": 0}

    async def bump(state: ChainState) -> dict[str, int]:
        return {"value": state["value"] + 1}

    graph = StateGraph(ChainState)
    graph.add_node("s0", begin)
    graph.add_edge(START, "s0")
    for number in range(1, size):
        graph.add_node(f"s{number}", bump)
        graph.add_edge(f"s{number - 1}", f"s{number}")
    graph.add_edge(f"s{size - 1}", END)
    compiled = graph.compile()

    async def run() -> Any:
        return (await compiled.ainvoke({"value": 0}, {"recursion_limit": size + 10}))["value"]

    return run


def fan(size: int) -> Contender:
    """Return a run of the fan."""

    async def source(state: FanState) -> dict[str, int]:
        return {"source": 1}

    def adder(number: int) -> Any:
        async def add(state: FanState) -> dict[str, int]:
            return {"total": state["source"] + number}

        return add

    graph = StateGraph(FanState)
    graph.add_node("source", source)
    graph.add_edge(START, "source")
    for number in range(size):
        graph.add_node(f"s{number}", adder(number))
        graph.add_edge("source", f"s{number}")
        graph.add_edge(f"s{number}", END)
    compiled = graph.compile()

    async def run() -> Any:
        return (await compiled.ainvoke({"source": 0, "total": 0}))["total"]

    return run
