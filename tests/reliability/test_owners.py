"""Several processes and one run: one performs it, whatever the others do."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.trials import Forker, effects, kept, prepare

from ciranda.cli.entry import outcome
from ciranda.store import SqliteLog

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

FLOW = """
ciranda: 1
plugins: [./acts.py]
steps:
  first: {uses: acts.add, with: {n: 1}}
  held: {uses: acts.gate, needs: [first]}
  after: {uses: acts.add, with: {n: '${{ steps.held.output }}'}}
  tidy: {if: always(), uses: acts.add, needs: [held], with: {n: 3}}
outputs: {by: '${{ steps.held.output }}'}
"""


def until(condition: Callable[[], Any]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it never came to that")


def waits(folder: Path, pid: int) -> Callable[[], bool]:
    return (folder / f"waits-{pid}").exists


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepare(tmp_path / "project", FLOW)


def records(folder: Path) -> list[str]:
    log = SqliteLog(folder)
    try:
        return [record.type for record in log.read(log.run("last").id)]
    finally:
        log.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_of_two_that_resume_at_once_one_is_told_who_has_the_run(
    forker: Forker, folder: Path, backend: str
) -> None:
    dead = forker.ask("perform", str(folder), backend)
    until(waits(folder, dead))
    os.kill(dead, signal.SIGKILL)
    assert forker.ask("wait", dead) == signal.SIGKILL

    both = [forker.ask("perform", str(folder), backend) for _ in range(2)]
    until(lambda: any(waits(folder, pid)() for pid in both))
    owner = next(pid for pid in both if waits(folder, pid)())
    (other,) = set(both) - {owner}

    assert forker.ask("wait", other) == 2 << 8
    said = (folder / f"said-{other}").read_text()
    assert f"is being executed by pid {owner} on " in said
    assert said.endswith("wait for it or cancel it")
    (folder / "gate").touch()
    assert forker.ask("wait", owner) == 0
    assert kept(folder)[1] == {"by": owner}
    assert sorted(path for path, *_ in effects(folder)) == ["after", "first", "held", "tidy"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_owner_that_slept_too_long_writes_nothing_more(
    forker: Forker, folder: Path, backend: str
) -> None:
    old = forker.ask("perform", str(folder), backend, "", 0, 0.2)
    until(waits(folder, old))
    os.kill(old, signal.SIGSTOP)
    time.sleep(0.3)

    new = forker.ask("perform", str(folder), backend)
    until(waits(folder, new))
    (folder / "gate").touch()
    assert forker.ask("wait", new) == 0
    before = records(folder)
    os.kill(old, signal.SIGCONT)

    assert forker.ask("wait", old) == 2 << 8
    assert "is not leased to this process" in (folder / f"said-{old}").read_text()
    assert records(folder) == before
    assert kept(folder)[1] == {"by": new}
    log = SqliteLog(folder)
    assert log.run("last").status == "succeeded"
    assert log.check() == []
    log.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_run_is_cancelled_from_another_process_and_resumed(
    forker: Forker, folder: Path, backend: str
) -> None:
    held = forker.ask("perform", str(folder), backend)
    until(waits(folder, held))

    store = ["--store", str(folder / ".ciranda")]
    assert outcome(["cancel", "last", "--reason", "wrong file", *store]) == 0
    assert forker.ask("wait", held) == 2 << 8
    assert (folder / f"said-{held}").read_text() == "the run has cancelled"
    assert {path for path, *_ in effects(folder)} == {"first", "tidy"}
    (folder / "gate").touch()
    again = forker.ask("perform", str(folder), backend)
    assert forker.ask("wait", again) == 0
    paths = [path for path, *_ in effects(folder)]
    assert (paths.count("first"), paths.count("held"), paths.count("after")) == (1, 1, 1)


def test_a_run_whose_process_is_gone_cannot_be_cancelled_and_the_sentence_says_so(
    forker: Forker, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = forker.ask("perform", str(folder), "asyncio")
    until(waits(folder, dead))
    os.kill(dead, signal.SIGKILL)
    forker.ask("wait", dead)

    code = outcome(["cancel", "last", "--store", str(folder / ".ciranda")])

    said = capsys.readouterr().err
    assert code == 2
    assert "no process executes run" in said
    assert "ciranda resume" in said
