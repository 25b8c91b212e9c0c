"""Burr: a state machine; a chain of actions, and the parallel map that it offers."""

from __future__ import annotations

import itertools
from typing import Any

from burr.core import ApplicationBuilder, State, action

from benchmarks.turns import Contender

NAME = "Burr"


@action(reads=["value"], writes=["value"])
async def bump(state: State) -> State:
    """Add one."""
    return state.update(value=state["value"] + 1)


@action(reads=[], writes=["value"])
async def begin(state: State) -> State:
    """Give the first value."""
    return state.update(value=0)


def chain(size: int) -> Contender:
    """Return a run of the chain."""
    names = [f"s{number}" for number in range(size)]
    builder = (
        ApplicationBuilder()
        .with_actions(s0=begin, **dict.fromkeys(names[1:], bump))
        .with_transitions(*itertools.pairwise(names))
        .with_entrypoint("s0")
    )
    graph = builder.build().graph

    async def run() -> Any:
        application = (
            ApplicationBuilder().with_graph(graph).with_entrypoint("s0").with_state(value=0)
        ).build()
        _, _, state = await application.arun(halt_after=[names[-1]])
        return state["value"]

    return run


def fan(size: int) -> Contender:
    """Return a run of the fan: one action after the other, as a state machine has it."""

    def adder(number: int) -> Any:
        @action(reads=["source", "total"], writes=["total"])
        async def add(state: State) -> State:
            return state.update(total=state["total"] + state["source"] + number)

        return add

    @action(reads=[], writes=["source", "total"])
    async def source(state: State) -> State:
        return state.update(source=1, total=0)

    names = ["source", *(f"s{number}" for number in range(size))]
    builder = (
        ApplicationBuilder()
        .with_actions(source=source, **{f"s{number}": adder(number) for number in range(size)})
        .with_transitions(*itertools.pairwise(names))
        .with_entrypoint("source")
    )
    graph = builder.build().graph

    async def run() -> Any:
        application = (ApplicationBuilder().with_graph(graph).with_entrypoint("source")).build()
        _, _, state = await application.arun(halt_after=[names[-1]])
        return state["total"]

    return run
