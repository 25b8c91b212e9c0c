"""What rendering costs: ours, Python by hand, Jinja2, Mako, Chameleon, MiniJinja.

Every output is compared with the others' before anything is timed; all are measured in the same
rounds; figures are medians, ratios are to Python by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers.templates import peers
from benchmarks.quantum_works import EXPRESSIONS, TURNS, WORKS, Work
from benchmarks.rounds import interleaved
from ciranda.expressions import Q, compile as compile_expression
from ciranda_quantum import compile as compile_template


def contenders(work: Work) -> dict[str, Callable[[], Any]]:
    """Return what renders a work, by name; all of it gives the same text."""
    made: dict[str, Callable[[], Any]] = {"python": partial(work.by_hand, **work.data)}
    for variant, text in work.ours.items():
        made[variant] = partial(compile_template(text).render, **work.data)
    for name, make in peers().items():
        made[name] = partial(make(work.peers[name]), work.data)
    if work is EXPRESSIONS:
        made["one by one"] = partial(_one_by_one, dict(work.data))
    expected = work.by_hand(**work.data)
    for name, run in made.items():
        got = str(run()).strip()
        assert got == expected, f"{name} gives something else: {got[:80]!r}"
    return made


def _one_by_one(data: dict[str, Any]) -> str:
    expression = compile_expression("a + b * c", dialect=Q)
    return "".join([str(expression(data)) for _ in range(TURNS)])


def main() -> None:
    """Print one block a work."""
    for work in WORKS:
        runs = contenders(work)
        figures = interleaved(runs)
        python = figures["python"]
        target = {**work.target, "one by one": 8}
        print(f"\n{work.name}")
        for name, taken in figures.items():
            ratio = taken / python
            wanted = target.get(name)
            verdict = ""
            if wanted is not None:
                verdict = f"   target {wanted:g}: {'met' if ratio <= wanted else 'MISSED'}"
            print(f"  {name:12}{taken:9.4f} ms {ratio:8.2f}x{verdict}")


if __name__ == "__main__":
    main()
