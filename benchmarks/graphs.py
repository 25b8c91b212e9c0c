"""The two graphs that engines are compared on, and the functions of their steps.

chain: step 0 gives 0, every step adds 1 to the one before it; the answer is the last output.
fan: a source gives 1, every step adds its number to it; the answer is the sum of their outputs.
"""

from __future__ import annotations

from typing import Any

from ciranda.actions import action
from ciranda.workflow.builder import Workflow


async def add(x: int, y: int = 1) -> int:
    """Add; as good as no work at all."""
    return x + y


async def total(values: list[int]) -> int:
    """Sum up what a fan gives."""
    return sum(values)


def chain_answer(size: int) -> int:
    """Return what a chain must answer."""
    return size - 1


def fan_answer(size: int) -> int:
    """Return what a fan must answer."""
    return size + sum(range(size))


ADD = action("graph.add")(add)
TOTAL = action("graph.total")(total)


def chain(size: int) -> Workflow:
    """Return the chain as a workflow."""
    flow = Workflow("chain")
    last = flow.step("s0", uses=ADD, with_={"x": 0, "y": 0})
    for number in range(1, size):
        last = flow.step(f"s{number}", uses=ADD, with_={"x": last.output})
    flow.output("answer", last.output)
    return flow


def fan(size: int) -> Workflow:
    """Return the fan as a workflow."""
    flow = Workflow("fan")
    source = flow.step("source", uses=ADD, with_={"x": 0, "y": 1})
    steps: list[Any] = [
        flow.step(f"s{number}", uses=ADD, with_={"x": source.output, "y": number})
        for number in range(size)
    ]
    values = [step.output for step in steps]
    flow.output("answer", flow.step("sum", uses=TOTAL, with_={"values": values}).output)
    return flow
