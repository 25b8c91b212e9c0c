"""Hamilton: a node a function, wired by the names of parameters."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from hamilton import ad_hoc_utils, driver

from benchmarks.turns import Contender

NAME = "Hamilton"


def chain(size: int) -> Contender:
    """Return a run of the chain."""
    nodes = [_node("s0", [], lambda: 0)]
    nodes += [_node(f"s{n}", [f"s{n - 1}"], lambda x: x + 1) for n in range(1, size)]
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20 * size))  # it walks graphs by recursion
    return _run(nodes, f"s{size - 1}")


def fan(size: int) -> Contender:
    """Return a run of the fan."""
    nodes = [_node("source", [], lambda: 1)]
    nodes += [_node(f"s{n}", ["source"], lambda x, n=n: x + n) for n in range(size)]
    nodes.append(_node("answer", [f"s{n}" for n in range(size)], lambda *values: sum(values)))
    return _run(nodes, "answer")


def _node(name: str, parameters: list[str], call: Callable[..., int]) -> Callable[..., int]:
    def node(**values: int) -> int:
        return call(*(values[parameter] for parameter in parameters))

    kind = inspect.Parameter.KEYWORD_ONLY
    node.__name__ = name
    vars(node)["__signature__"] = inspect.Signature(
        [inspect.Parameter(each, kind, annotation=int) for each in parameters],
        return_annotation=int,
    )
    node.__annotations__ = {**dict.fromkeys(parameters, int), "return": int}
    return node


def _run(nodes: list[Callable[..., int]], answer: str) -> Contender:
    module = ad_hoc_utils.create_temporary_module(*nodes)
    built = driver.Builder().with_modules(module).build()

    async def run() -> Any:
        return built.execute([answer])[answer]

    return run
