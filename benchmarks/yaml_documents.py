"""What reading a workflow's YAML costs, beside PyYAML's own loader and the bare events.

Run alone: `python benchmarks/yaml_documents.py`. Each figure is the best of several rounds, in
milliseconds; the ratios are of figures of one run and carry over between machines.

Last figures (2 cores, Python 3.11): 10 small steps 0.17 ms, 1000 small steps 16 ms, 1000 usual
steps 26 ms; 1.7 times as fast as CSafeLoader, which keeps no places, and twice the time that
libyaml's events take alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import yaml
from yaml.cyaml import CSafeLoader

from ciranda.workflow.document import parse_document

ROUNDS = 9
STEP = """\
  step_{n}:
    needs: [step_{previous}]
    uses: data.read
    with: {{path: "${{{{ inputs.x }}}}", number: {n}}}
    timeout: 30s
"""
SMALL_STEP = """\
  step_{n}:
    uses: data.read
    needs: step_{previous}
    with: {{number: {n}}}
"""


def workflow(step: str, steps: int) -> bytes:
    """Return a chain of this many steps."""
    head = "ciranda: 1\nname: chain\nsteps:\n"
    return (head + "".join(step.format(n=n, previous=n - 1) for n in range(steps))).encode()


def best(work: Callable[[], object]) -> float:
    """Return the best of several rounds, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)


def events(data: bytes) -> int:
    """Read libyaml's events and do nothing with them."""
    return sum(1 for _ in yaml.parse(data, Loader=CSafeLoader))


def main() -> None:
    """Print one line a document."""
    print(f"{'document':>22} {'KiB':>6} {'ciranda':>9} {'CSafeLoader':>12} {'events':>8}")
    for name, step in (("small steps", SMALL_STEP), ("usual steps", STEP)):
        for steps in (10, 100, 1000):
            data = workflow(step, steps)
            ours = best(partial(parse_document, data))
            theirs = best(partial(yaml.load, data, CSafeLoader))
            bare = best(partial(events, data))
            print(
                f"{steps:>10} {name} {len(data) / 1024:6.1f} {ours:9.2f} {theirs:12.2f} {bare:8.2f}"
                f"   {theirs / ours:.1f}x faster than CSafeLoader, {ours / bare:.1f}x the events"
            )


if __name__ == "__main__":
    main()
