"""What one evaluation costs: ours, closures over the same tree, simpleeval, Jinja2's sandbox.

Outputs are compared before anything is timed; rounds are interleaved; figures are medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ciranda.expressions import YAML, Expression, compile, operators  # noqa: A004 - as users write it
from ciranda.expressions.access import item, key
from ciranda.expressions.grammar import parse
from ciranda.expressions.tree import Attribute, Binary, Compare, Index, Literal, Name, Node

ROWS = [{"total": number, "name": f"n{number}", "ok": number % 3 == 0} for number in range(6)]
SCOPE: dict[str, Any] = {
    "a": 3,
    "b": 4,
    "s": "hello",
    "steps": {"x": {"output": {"total": 12, "rows": ROWS}, "status": "succeeded"}},
}
CASES = {
    "a + b * 2": True,
    "steps.x.output.total > 10": True,
    "steps.x.status == 'succeeded'": True,
    "s + ' ' + steps.x.status": True,
    "steps.x.output.rows[2].name": True,
    "steps.y.output ?? 0": False,
    "[r.name for r in steps.x.output.rows if r.ok]": False,
    "any(r.total > 4 for r in steps.x.output.rows)": False,
    "s.upper()": False,
}
"""Source, and whether the closures below cover it."""
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operators.add, "*": operators.multiply, "-": operators.subtract,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[..., Any]] = {">": operators.greater, "==": operators.equal}

Run = Callable[[Mapping[str, Any]], Any]
_BY_HAND: dict[str, Run] = {
    "a + b * 2": lambda v: v["a"] + v["b"] * 2,
    "steps.x.output.total > 10": lambda v: v["steps"]["x"]["output"]["total"] > 10,
    "steps.x.status == 'succeeded'": lambda v: v["steps"]["x"]["status"] == "succeeded",
    "s + ' ' + steps.x.status": lambda v: v["s"] + " " + v["steps"]["x"]["status"],
    "steps.x.output.rows[2].name": lambda v: v["steps"]["x"]["output"]["rows"][2]["name"],
    "[r.name for r in steps.x.output.rows if r.ok]": lambda v: [
        r["name"] for r in v["steps"]["x"]["output"]["rows"] if r["ok"]
    ],
    "any(r.total > 4 for r in steps.x.output.rows)": lambda v: any(
        r["total"] > 4 for r in v["steps"]["x"]["output"]["rows"]
    ),
    "s.upper()": lambda v: v["s"].upper(),
}
"""What a person would write, without any guard."""


def closure(node: Node) -> Run:
    """Return the tree as nested closures with the same guards: the other way considered."""
    if isinstance(node, Literal):
        value = node.value
        return lambda scope: value
    if isinstance(node, Name):
        name = node.name
        return lambda scope: scope[name]
    if isinstance(node, Attribute):
        target, name = closure(node.target), node.name

        def attribute(scope: Mapping[str, Any]) -> Any:
            inner = target(scope)
            return inner[name] if type(inner) is dict else key(inner, name)

        return attribute
    if isinstance(node, Index):
        target, index = closure(node.target), closure(node.key)
        return lambda scope: item(target(scope), index(scope))
    budget = [1_000_000]
    if isinstance(node, Binary):
        left, right, operation = closure(node.left), closure(node.right), _OPERATIONS[node.operator]
        return lambda scope: operation(left(scope), right(scope), budget)
    if isinstance(node, Compare):
        left, right = closure(node.operands[0]), closure(node.operands[1])
        compared = _COMPARISONS[node.operators[0]]
        return lambda scope: compared(left(scope), right(scope), budget)
    raise NotImplementedError(type(node).__name__)


def simple_eval(source: str) -> Run:
    simpleeval = import_module("simpleeval")
    evaluator = simpleeval.EvalWithCompoundTypes(functions={"any": any})
    parsed = evaluator.parse(source)

    def run(scope: Mapping[str, Any]) -> Any:
        evaluator.names = scope
        return evaluator.eval(source, previously_parsed=parsed)

    return run


def jinja(source: str) -> Run:
    sandbox = import_module("jinja2.sandbox")
    run: Run = sandbox.ImmutableSandboxedEnvironment().compile_expression(source)
    return run


def host(source: str) -> Run:
    """Return the floor."""
    return _BY_HAND[source]


def median(run: Callable[[], Any], number: int, rounds: int = 7) -> float:
    """Return microseconds a call."""
    return statistics.median(_round(run, number) for _ in range(rounds))


def _round(run: Callable[[], Any], number: int) -> float:
    begin = time.perf_counter()
    for _ in range(number):
        run()
    return (time.perf_counter() - begin) / number * 1e6


def main() -> None:
    peers: dict[str, Callable[[str], Run]] = {"by hand": host, "ours": compile}
    peers["closures"] = lambda source: closure(parse(source, YAML))
    for name, module, make in (
        ("simpleeval", "simpleeval", simple_eval),
        ("jinja2", "jinja2", jinja),
    ):
        if find_spec(module) is None:
            print(f"{name}: not installed, left out")
        else:
            peers[name] = make
    print(f"{'µs an evaluation':48}" + "".join(f"{name:>12}" for name in peers))
    for source, simple in CASES.items():
        runs = {name: _made(make, source, simple) for name, make in peers.items()}
        expected = compile(source)(SCOPE)
        runs = {
            name: run for name, run in runs.items() if run is not None and run(SCOPE) == expected
        }
        figures: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(9):
            for name, run in runs.items():
                figures[name].append(_round(lambda run=run: run(SCOPE), 3000))  # type: ignore[misc]
        shown = {name: statistics.median(taken) for name, taken in figures.items()}
        cells = "".join(f"{shown[name]:12.3f}" if name in shown else f"{'-':>12}" for name in peers)
        ratios = ", ".join(
            f"{name} {shown[name] / shown['ours']:.1f}x" for name in shown if name != "ours"
        )
        print(f"{source:48}{cells}   {ratios}")
    source = "steps.x.output.total > 10"
    print(f"compile, kept:  {median(lambda: compile(source), 20_000):8.3f} µs")
    print(f"compile, fresh: {median(lambda: Expression(source, YAML, None), 300):8.1f} µs")


def _made(make: Callable[[str], Run], source: str, simple: bool) -> Run | None:
    try:
        run = make(source)
        run(SCOPE)
    except Exception:  # a peer whose grammar lacks the construct is left out of that row
        return None
    return run


if __name__ == "__main__":
    main()
