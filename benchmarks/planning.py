"""What `ciranda plan` costs for a file of many steps, beside reading and checking that file.

    python -m benchmarks.planning [steps] [rounds]

Each step needs the one ten before it, the last ten have a condition, every hundredth is a map. The
store holds a run of the same workflow, so that durations are looked up too. Before anything is
timed, all steps must be in the plan, in levels, with what is known of their conditions.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rounds import interleaved
from ciranda.cli.foresight import Foresight, foresee
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.settings import read_configuration

CHAINS = 10


def flow(steps: int) -> str:
    """Return the text of a workflow of so many steps in ten chains."""
    lines = ["ciranda: 1", "name: many", "inputs: {n: {type: integer, default: 3}}", "steps:"]
    for at in range(steps):
        words = [f"run: [printf, '{at}']"]
        if at >= CHAINS:
            words.append(f"needs: s{at - CHAINS}")
        if at >= steps - CHAINS:
            words.append("if: inputs.n > 2")
        if at % 100 == 2:
            words.append("map: ${{ range(inputs.n) }}")
        lines += [f"  s{at}:", *(f"    {word}" for word in words)]
    return "\n".join(lines) + "\n"


def require(seen: Foresight, steps: int) -> None:
    """Raise `ValueError` unless the plan is that of the workflow."""
    main = seen.outlook.main.steps
    if [each.number for each in main] != [str(at // CHAINS + 1) for at in range(steps)]:
        raise ValueError("the steps are not in their levels")
    if any(each.would != "run" for each in main):
        raise ValueError("a step would not run")
    if sum(each.items or 0 for each in main) != 3 * len(range(2, steps, 100)):
        raise ValueError("the items are not counted")
    if any(each.basis != "history" for each in main):
        raise ValueError("no step knows how long it took")


def main(steps: int, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        Path("ciranda.toml").touch()
        Path("many.yaml").write_text(flow(steps))
        ran = [sys.executable, "-m", "ciranda", "run", "many.yaml", "-q", "--durability", "process"]
        subprocess.run(ran, check=True, stdout=subprocess.DEVNULL)
        require(foresee("many.yaml", {}), steps)
        times = interleaved(
            {
                "check": lambda: Checker(Plugins(read_configuration(Path()))).load("many.yaml"),
                "plan": lambda: foresee("many.yaml", {}),
            },
            rounds=rounds,
        )
    ratio = times["plan"] / times["check"]
    print(f"reading and checking {steps:,} steps: {times['check']:.1f} ms")
    print(f"planning them, that included:  {times['plan']:.1f} ms, x {ratio:.2f}")


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(*(words + [1000, 9][len(words) :]))
