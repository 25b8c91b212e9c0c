"""Telemetry and learning in a folder of their own at a time that tests set; commands in one."""

import json

import pytest

from ciranda.cli.entry import outcome
from ciranda_experts.learning.learning import Learning
from ciranda_experts.learning.settings import LearningSettings
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.telemetry import Telemetry

from .intents import TRANSFER
from .judging import APPROVED, judgement, opinion


class Clock:
    def __init__(self, now=1_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def recording(tmp_path, clock, warnings):
    """Open telemetry with some settings."""
    made = []

    def opening(**fields):
        settings = TelemetrySettings(**fields)
        telemetry = Telemetry(tmp_path, settings, warn=warnings.append, clock=clock)
        made.append(telemetry)
        return telemetry

    yield opening
    for each in made:
        each.close()


@pytest.fixture
def telemetry(recording):
    return recording(delay=60.0)


@pytest.fixture
def learning_of(tmp_path, clock, telemetry):
    """Open learning with some settings."""
    made = []

    def opening(*, floor=0.9, **fields):
        settings = LearningSettings(**fields)
        learning = Learning(tmp_path, settings, floor=floor, find=telemetry.find, clock=clock)
        made.append(learning)
        return learning

    yield opening
    for each in made:
        each.close()


@pytest.fixture
def learning(learning_of):
    return learning_of(calibration_minimum=100)


class Council:
    """Judges with version 1 and, where it is asked to, with another beside it."""

    def __init__(self, learning, telemetry, clock):
        self.learning, self.telemetry, self.clock = learning, telemetry, clock
        self.number = 0

    def judge(self, incumbent, candidate=None, *, truth=APPROVED, key=None, expert="logic"):
        self.number += 1
        self.clock.now += 1
        key = f"k{self.number}" if key is None else key
        current = self.learning.versions.current(expert) or "1"
        beside = self.learning.versions.beside(expert, key)
        counted = opinion(expert, incumbent, version=current)
        judged = judgement(self.number, incumbent, [counted], key=key)
        runs = beside is not None and candidate is not None
        candidates = (opinion(expert, candidate, version=beside),) if runs else ()
        said = (opinion(expert, confidence=0.8),)
        self.telemetry.record(judged, said, candidates=candidates)
        return self.learning.learn(judged.id, truth, by="ana")


@pytest.fixture
def council(learning, telemetry, clock):
    return Council(learning, telemetry, clock)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "ciranda.toml").write_text("")
    (tmp_path / "transfer.yaml").write_text(TRANSFER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIRANDA_STORE__DURABILITY", "process")
    return tmp_path


@pytest.fixture
def cli(folder, capsys):
    """Call a command: `cli("verify", "a.yaml", code=1)` returns what it wrote to both streams."""

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["experts", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    return call


@pytest.fixture
def judged(cli):
    """Return the answers of `verify -o json`."""

    def call(*arguments, code=0):
        return [
            json.loads(line)
            for line in cli("verify", *arguments, "-o", "json", code=code).out.splitlines()
        ]

    return call
