"""From the start of a process to its end, beside a Python that does nothing.

python -m benchmarks.startup [rounds]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

HELLO = Path(__file__).parents[1] / "examples" / "hello" / "hello.yaml"
STEP = """\
  step_{n}:
    uses: data.write
    with: {{path: "${{{{ inputs.x }}}}", value: "{before}"}}
"""


def workflow(size: int) -> str:
    """Return the text of a chain of so many steps."""
    head = "ciranda: 1\nname: chain\ninputs: {x: {type: path}}\nsteps:\n"
    return head + "".join(
        STEP.format(n=n, before=f"${{{{ steps.step_{n - 1}.output.path }}}}" if n else "begin")
        for n in range(size)
    )


def seconds(command: list[str], folder: str) -> float:
    """Return how long a process takes; its output goes nowhere."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr.decode()}")
    return took


def main(rounds: int) -> None:
    """Print one line a command."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            "python -c pass": [python, "-c", "pass"],
            "python -c 'import asyncio'": [python, "-c", "import asyncio"],
        }
        if find_spec("ciranda.cli") is None:
            print("ciranda: not compared, it has no command line yet")
        else:
            # The installed command; as a module where the environment is not activated.
            command = [str(Path(python).with_name("ciranda"))]
            contenders |= {"ciranda --help": [*command, "--help"]}
            for size in (10, 1000):
                file = Path(folder, f"chain{size}.yaml")
                file.write_text(workflow(size))
                contenders[f"ciranda validate, {size} steps"] = [*command, "validate", file.name]
            contenders["ciranda run hello.yaml"] = [*command, "run", str(HELLO)]
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(-1, rounds):
            for name, call in contenders.items():
                took = seconds(call, folder)
                if turn >= 0:
                    times[name].append(took)
    unit = statistics.median(times["python -c pass"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(
            f"{name:32} {middle * 1e3:7.0f} ms  best {min(taken) * 1e3:7.0f} ms"
            f"  x{middle / unit:6.2f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
