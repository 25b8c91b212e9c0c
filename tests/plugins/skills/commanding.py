"""`ciranda skills` in a project, with a home, of a test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ciranda.cli.entry import outcome

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Stand in a project without anything, beside a home without anything."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "ciranda.toml").write_text("")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cli(project, capsys):
    """Call a command: `cli("run", "tried", code=1)` returns what it wrote to both streams."""

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["skills", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    return call


@pytest.fixture
def told(cli):
    """Call a command with `-o json` and return what it printed."""

    def call(*arguments, code=0):
        words = list(map(str, arguments))
        at = words.index("--") if "--" in words else len(words)
        return json.loads(cli(*words[:at], "-o", "json", *words[at:], code=code).out)

    return call


def process(*arguments, **options):
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ciranda", "skills", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy(),
        **options,
    )  # fmt: skip


def copied(name, folder):
    """Copy a case into a folder of skills, and return where it is."""
    return Path(shutil.copytree(CASES / name, folder / name))
