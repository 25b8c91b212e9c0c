"""Which step of a block waits for which: for the blocks inside of steps as for the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ciranda.expressions import ExpressionError, Function, Reference
from ciranda.workflow.binding import bind, condition
from ciranda.workflow.model import Block, Step
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS, step_of

__all__ = [
    "Functions",
    "is_main",
    "levels",
    "needs_within",
    "paths_of",
    "references_of",
    "tests_of",
]

Functions = Mapping[str, Function]


def is_main(block: str) -> bool:
    """Say whether the steps of a block stand directly beneath their owner's path."""
    named = block in ("steps", "try", "workflow")
    return named or (block.startswith("case") and block[4:].isdecimal())


def levels(edges: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Return the steps by the number of steps that must run one after another before them."""
    depth: dict[str, int] = {}
    for first in edges:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            missing = [need for need in edges[name] if need not in depth]
            if missing:
                waiting += missing
                continue
            depth[name] = max((depth[need] + 1 for need in edges[name]), default=0)
            waiting.pop()
    stages: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in edges:
        stages[depth[name]].append(name)
    return stages


def needs_within(
    block: Block, functions: Functions = CONTEXT_FUNCTIONS
) -> dict[str, tuple[str, ...]]:
    """Return for each step of a block the steps of the block that it needs, written ones first."""
    needs: dict[str, tuple[str, ...]] = {}
    above: tuple[str, ...] = ()
    for name, step in block.steps.items():
        read = (step_of(each) for each in references_of(step, functions))
        wanted = (one for one in (*step.needs, *read, *above) if one in block.steps and one != name)
        needs[name] = tuple(dict.fromkeys(wanted))
        above = (name,) if block.order == "sequence" else ()
    return needs


def paths_of(steps: Mapping[str, Step], prefix: str = "") -> Iterator[str]:
    """Yield the path of every step at any depth, without items and turns."""
    for name, step in steps.items():
        yield f"{prefix}{name}"
        for block, inner in step.blocks.items():
            inside = f"{prefix}{name}/" if is_main(block) else f"{prefix}{name}/@{block}/"
            yield from paths_of(inner.steps, inside)


def references_of(step: Step, functions: Functions = CONTEXT_FUNCTIONS) -> Iterator[Reference]:
    """Yield all that a step reads, and what the steps inside of it read."""
    for text in tests_of(step):
        try:
            yield from condition(text, functions=functions).references
        except ExpressionError:  # a fault of the file, which a check tells
            continue
    for value in _values(step):
        try:
            yield from bind(value, functions=functions).references
        except ExpressionError:
            continue
    for block in step.blocks.values():
        if block.workflow is None:  # what is inside of a file of its own reads nothing of this one
            for inner in block.steps.values():
                yield from references_of(inner, functions)
            yield from bind(block.outputs, functions=functions).references


def tests_of(step: Step) -> tuple[str, ...]:
    """Return the texts that are expressions without braces."""
    loop = () if step.loop is None else (step.loop.condition,)
    found = (step.if_, step.when, *loop, *step.cases)
    return tuple(text for text in found if text is not None)


def _values(step: Step) -> Iterator[Any]:
    for value in (step.with_, step.env, step.options, step.map, step.idempotency_key):
        if value:
            yield value
    for part in (step.matrix, step.cache, step.breaker, step.rate, step.concurrency):
        if part is not None:
            yield msgspec.to_builtins(part)
    for declared in step.declares.values():
        if declared.file is not None:
            yield declared.file
