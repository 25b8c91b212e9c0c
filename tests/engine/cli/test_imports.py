"""What short commands do not import: the guard of their speed that needs no clock."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HELLO = Path(__file__).parents[3] / "examples" / "hello" / "hello.yaml"
SLOW = {
    "ciranda.executors.pool.pool",
    "ciranda.observe.export",
    "ciranda.observe.logs",
    "ctypes",
    "email.utils",
    "httpx",
    "importlib.metadata",
    "jsonschema_rs",
    "opentelemetry",
    "packaging",
    "rich",
    "structlog",
    "tempfile",
    "tomllib",
    "trio",
}
OF_RUNS = {
    "apsw",
    "asyncio",
    "ciranda.engine",
    "ciranda.runs.runner",
    "ciranda.runs.scheduler",
    "ciranda.store",
    "ssl",
}
TEN = """\
ciranda: 1
inputs: {n: {type: integer, default: 3, minimum: 1}}
steps:
  a: {uses: data.read, with: {path: x.csv}}
  b: {run: [echo, "${{ steps.a.output }}"], retry: {attempts: 3, backoff: 1s}}
  c: {run: [echo, "${{ inputs.n }}"], needs: [a], timeout: 5s}
  d: {if: inputs.n > 2, run: [echo, d]}
  e: {map: "${{ [1, 2] }}", run: [echo, "${{ item }}"]}
  f: {run: [echo, "${{ steps.c.output.stdout }}"]}
  g: {run: [echo, g], needs: [f]}
  h: {uses: data.write, with: {path: y.json, value: "${{ steps.a.output }}"}}
  i: {run: [echo, i], needs: [h]}
  j: {run: [echo, j], needs: [i]}
"""
ASK = """\
import atexit, json, os, sys
from ciranda.cli import main
def tell(code=0, leave=os._exit):
    with open(sys.argv[1], "w") as file:
        json.dump(sorted(sys.modules), file)
    leave(code)
os._exit = tell
atexit.register(tell)
main(sys.argv[2:])
"""


def imported(folder, *arguments):
    # A measuring of coverage would bring its own modules along.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(folder / "modules"), *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads((folder / "modules").read_text()))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_no_engine(tmp_path, arguments):
    found = imported(tmp_path, *arguments)

    # The version is in the metadata, whose reader brings a lot along.
    assert not found & (OF_RUNS if arguments == ["--version"] else SLOW | OF_RUNS)
    assert not found & {"anyio", "msgspec", "yaml", "ciranda.expressions", "ciranda.workflow"}


def test_validate_imports_nothing_of_runs(tmp_path):
    (tmp_path / "ten.yaml").write_text(TEN)

    found = imported(tmp_path, "validate", "ten.yaml")

    assert not found & (SLOW | OF_RUNS)


@pytest.mark.parametrize("store", ["power", "off"])
def test_a_short_run_imports_nothing_that_it_does_not_use(tmp_path, store):
    found = imported(tmp_path, "run", HELLO, "--durability", store)

    assert not found & SLOW
    assert "ciranda.runs.runner" in found
