"""A folder of files with the built-in decomposer over it; a plan of a release, and the commands."""

import json

import pytest

from ciranda.cli.entry import outcome
from ciranda_planner.decomposing import RULES, Assignment, Goal, analyse

RELEASE = """\
name: release
workers: 2
tasks:
  - {id: fetch, command: [sleep, "0"], estimate: 1s}
  - {id: lint-a, needs: [fetch], estimate: 2ms}
  - {id: build, needs: [fetch], estimate: 4ms, kind: cpu}
  - {id: ship, needs: [build, lint-a], estimate: 1ms}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("goal")
    for name in ("src/a.py", "src/b.py", "src/deep/c.py", "README.md", "run.sh"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    return root


@pytest.fixture(scope="module")
def decompose(folder):
    def decompose(text, **defaults):
        goal = Goal(text=text, folder=folder, defaults=defaults)
        return RULES.decompose(Assignment(goal=goal, analysis=analyse(text)))

    return decompose


@pytest.fixture(scope="module")
def needs(decompose):
    def needs(text):
        made = decompose(text)
        assert made.faults == ()
        return {task["id"]: sorted(task.get("needs", [])) for task in made.tasks}

    return needs


@pytest.fixture
def release(tmp_path, monkeypatch):
    (tmp_path / "ciranda.toml").write_text('[store]\ndurability = "process"\n')
    (tmp_path / "tasks.yaml").write_text(RELEASE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def cli(capsys):
    def call(*words, code=0):
        capsys.readouterr()
        ended = int(outcome(["planner", *map(str, words)]))
        said = capsys.readouterr()
        assert ended == code, said
        return said

    return call


@pytest.fixture
def told(cli):
    return lambda *words, code=0: json.loads(cli(*words, "-o", "json", code=code).out)
