"""What actions print while `ciranda run` performs them."""

import io
import json
import subprocess
import sys

import pytest

from ciranda.middleware.printing import StepPrints

PLUGIN = """\
import os
import subprocess
import sys
import threading

import anyio
import anyio.to_thread

from ciranda import action, hookimpl, observer
from ciranda.events import StepCompleted

print("imported")


@action("loud.inline")
async def inline(word: str) -> str:
    print("begun", end=" ")
    await anyio.sleep(0)
    print(word, file=sys.stderr)
    print("ended", word)
    await anyio.to_thread.run_sync(print, "from a thread of its own")
    sys.stdout.buffer.write(b"bytes")
    assert not sys.stdout.isatty()
    return word


@action("loud.thread")
def thread(word: str) -> str:
    for number in range(50):
        print(word, number)
    print("no end of line", end="")
    return word


@action("loud.program")
def program() -> None:
    subprocess.run([sys.executable, "-c", "print('inherited')"], check=True)
    os.system("echo system")


@action("loud.fails")
async def fails() -> None:
    print("why it fails")
    raise ValueError("no")


@observer(StepCompleted)
def hear(event):
    print("observed", event.path)


@hookimpl
def actions():
    return [inline, thread, program, fails]
"""
HELD = """\
from contextlib import asynccontextmanager
from typing import Annotated

from ciranda import action, hookimpl, resource


@resource(scope="SCOPE")
@asynccontextmanager
async def held():
    print("opened")
    yield 1
    print("left")


@action("held.use")
async def use(*, it: Annotated[int, held]) -> int:
    print("used")
    return it


@hookimpl
def actions():
    return [use]
"""
LOUD = """\
ciranda: 1
name: loud
plugins: [./loud.py]
secrets: {TOKEN: {env: TOKEN}}
steps:
  one: {uses: loud.inline, with: {word: first}}
  two: {uses: loud.inline, with: {word: "${{ secrets.TOKEN }}"}}
  many: {uses: loud.thread, map: "${{ range(4) }}", with: {word: "w${{ item }}"}}
  child: {uses: loud.program}
outputs: {word: "${{ steps.one.output }}"}
"""


@pytest.fixture
def loud(project, monkeypatch):
    (project / "loud.py").write_text(PLUGIN)
    (project / "loud.yaml").write_text(LOUD)
    (project / "fails.yaml").write_text(
        "ciranda: 1\nname: fails\nplugins: [./loud.py]\nsteps: {bad: {uses: loud.fails}}\n"
    )
    monkeypatch.setenv("TOKEN", "hush-hush")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.usefixtures("loud")
def test_what_actions_print_is_in_the_log_of_their_step_and_not_in_the_result(cli, backend):
    before = sys.stdout, sys.stderr
    said = cli("run", "loud.yaml", "-o", "json", "--backend", backend)

    assert (sys.stdout, sys.stderr) == before
    assert said.data["outputs"] == {"word": "first"}
    assert "imported" in said.err
    assert "observed one" in said.err
    assert "begun" not in said.err
    # Apart from the order of the streams, a step's log is what it printed.
    assert sorted(cli("logs", "last", "one").out.splitlines()) == [
        "begun ended first",
        "bytes",
        "first",
        "from a thread of its own",
    ]
    assert "begun ended ***" in cli("logs", "last", "two").out
    for item in range(4):
        expected = [f"w{item} {number}" for number in range(50)]
        assert cli("logs", "last", f"many/{item}").out.splitlines() == [
            *expected,
            "no end of line",
        ]


@pytest.mark.usefixtures("loud")
def test_programs_that_an_action_starts_cannot_write_into_the_result():
    command = (sys.executable, "-m", "ciranda", "run", "loud.yaml", "-o", "json")
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(ended.stdout)["status"] == "succeeded"
    assert "inherited" in ended.stderr
    assert "system" in ended.stderr


@pytest.mark.parametrize("scope", ["step", "run", "engine"])
def test_what_a_resource_prints_when_it_is_left_is_not_lost(cli, project, scope):
    (project / "held.py").write_text(HELD.replace("SCOPE", scope))
    (project / "held.yaml").write_text(
        "ciranda: 1\nplugins: [./held.py]\nsteps: {one: {uses: held.use}}\n"
    )

    said = cli("run", "held.yaml")

    assert ("left" in said.err) == (scope != "step")
    step = ["opened", "used", "left"] if scope == "step" else ["opened", "used"]
    assert cli("logs", "last", "one").out.splitlines() == step


@pytest.mark.usefixtures("loud")
def test_a_failure_shows_what_its_step_printed(cli):
    assert "why it fails" in cli("run", "fails.yaml", code=1).err
    assert "bad printed last:\n  why it fails" in cli("show", "last").out


def test_streams_pass_through_outside_of_steps_and_are_given_back(monkeypatch):
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with StepPrints():
        print("a")  # noqa: T201  (printing is what is tested)
        kept = sys.stderr
        sys.stdout.buffer.write(b"b\xc3\xa9\n")
        sys.stdout.writelines(["c", "\n"])
        sys.stdout.close()
        with pytest.raises(TypeError, match="must be str, not bytes"):
            sys.stdout.write(b"d")  # type: ignore[arg-type]  # on purpose
    print("e")  # noqa: T201  (as above)
    print("f", file=kept)

    assert err.getvalue() == "a\nbé\nc\nf\n"
    assert out.getvalue() == "e\n"


def test_a_process_without_standard_streams_may_print(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with StepPrints():
        print("nobody reads this", flush=True)  # noqa: T201  (as above)
        assert not sys.stdout.isatty()
        with pytest.raises(io.UnsupportedOperation, match="fileno"):
            sys.stdout.fileno()
    assert sys.stdout is None
