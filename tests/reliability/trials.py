"""Trials of whole processes: a folder each, children that may be killed, what they leave behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from tests.reliability.flow import ACTIONS, hundred

from ciranda.store import SqliteLog


class Forker:
    """The process that forks a child for each trial."""

    def __init__(self, warming: Path) -> None:
        prepare(warming, hundred())
        self.process = subprocess.Popen(
            [sys.executable, str(ACTIONS.with_name("forker.py")), str(warming)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answer()

    def ask(self, *words: Any) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def prepare(folder: Path, flow: str) -> Path:
    folder.mkdir()
    (folder / "flow.yaml").write_text(flow)
    shutil.copy(ACTIONS, folder)
    return folder


def effects(folder: Path) -> list[list[str]]:
    file = folder / "effects"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def kept(folder: Path) -> tuple[set[str], Any]:
    """Return what the store holds: the paths of finished steps, and the run's outputs."""
    paths: set[str] = set()
    outputs = None
    if not (folder / ".ciranda" / "ciranda.db").exists():
        return paths, outputs
    log = SqliteLog(folder)
    try:
        rows = log.runs(limit=1)
        for record in log.read(rows[0].id) if rows else ():
            payload = msgspec.msgpack.decode(record.payload)
            if record.type == "StepCompleted":
                paths.add(payload["path"])
            elif record.type == "RunCompleted":
                outputs = payload["outputs"]
    finally:
        log.close()
    return paths, outputs


def killed(forker: Forker, folder: Path, order: tuple[str, str, int], delay: float | None) -> bool:
    """Begin or go on in a child; say whether it was killed before it came to the end."""
    child = forker.ask("perform", str(folder), *order)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    status = forker.ask("wait", child)
    said = [file.read_text() for file in folder.glob("said-*")]
    assert status in (0, signal.SIGKILL), f"the child ended by itself: {status}, {said}"
    return status != 0
