"""The same templates on CPython and PyPy: `scripts/pypy figures`.

Each interpreter measures in a process of its own, three times in turn; the best median counts.
Imports the standard library and the language alone, so that any interpreter can run it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from benchmarks.quantum_compile import DATA, OURS
from benchmarks.quantum_works import WORKS
from benchmarks.rounds import interleaved
from ciranda_quantum import compile as compile_template


def measure() -> dict[str, float]:
    """Return milliseconds by work, after warming up."""
    runs: dict[str, Callable[[], Any]] = {}
    for work in WORKS:
        runs[f"{work.name}: Python by hand"] = partial(work.by_hand, **work.data)
        for variant, text in work.ours.items():
            template = compile_template(text)
            assert template.render(**work.data) == work.by_hand(**work.data)
            runs[f"{work.name}: template, {variant}"] = partial(template.render, **work.data)
    fresh = count()
    runs["compile 30 lines"] = lambda: compile_template(f"{OURS}<!-- {next(fresh)} -->")
    runs["render 30 lines"] = partial(compile_template(OURS).render, **DATA)
    for run in runs.values():
        for _ in range(300):  # a tracing compiler wants to see the loops first
            run()
    return interleaved(runs, rounds=9)


def main() -> None:
    """Print a table in Markdown; the arguments are the other interpreters."""
    if sys.argv[1:] == ["--measure"]:
        print(json.dumps(measure()))
        return
    found: dict[str, dict[str, float]] = {}
    for _ in range(3):
        for program in [sys.executable, *sys.argv[1:]]:
            done = subprocess.run(
                [program, "-m", "benchmarks.quantum_interpreters", "--measure"],
                env=os.environ, capture_output=True, text=True, check=True,
            )  # fmt: skip
            best = found.setdefault(_named(program), {})
            for name, taken in json.loads(done.stdout).items():
                best[name] = min(taken, best.get(name, taken))
    names = list(found)
    print(f"| ms | {' | '.join(names)} |")
    print(f"|---|{'---|' * len(names)}")
    for work in found[names[0]]:
        print(f"| {work} | " + " | ".join(f"{found[name][work]:.4f}" for name in names) + " |")


def _named(program: str) -> str:
    script = (
        "import platform as p, sys; "
        "v = getattr(sys, 'pypy_version_info', None); "
        "print(p.python_implementation(), p.python_version() if v is None else '%d.%d.%d' % v[:3])"
    )
    done = subprocess.run([program, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
