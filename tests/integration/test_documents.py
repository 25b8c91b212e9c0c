"""README and docs/ are run: python blocks are executed, workflow files are checked.

The `console` blocks of a page that brings files are one session in one folder: what `$ ciranda`
prints is what the page shows, but for times, durations and ids; a line `...` stands for any lines.
A block whose fence names a file, as in "yaml greet.yaml", is that file.
"""

import doctest
import gc
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Its blocks are files of one project; tests/engine/plugins/test_tutorial.py builds and runs it.
TUTORIAL = ROOT / "docs" / "plugins.md"
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {TUTORIAL})]


def blocks(language):
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            if found[1] == language:
                line = text.count("\n", 0, found.start()) + 1
                yield pytest.param(page, found[2], id=f"{page.name}:{line}")


@pytest.mark.parametrize(("page", "code"), list(blocks("python")))
def test_a_python_block_runs(page, code, tmp_path):
    file = tmp_path / "block.py"
    file.write_text(code, encoding="utf-8")
    environment = {**os.environ, "CIRANDA_STORE__DURABILITY": "process", "PYTHONWARNINGS": "error"}

    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("page", "text"), [each for each in blocks("yaml") if "ciranda: 1" in each.values[1]]
)
def test_a_workflow_block_is_without_faults(page, text, tmp_path):
    from ciranda.workflow.load import loads

    bring_files(page.read_text(encoding="utf-8"), tmp_path)
    assert loads(text, file=str(tmp_path / "block.yaml")).steps


def bring_files(text, folder):
    """Write the files that a page brings."""
    for name, content in FILE.findall(text):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
VOLATILE = (
    (re.compile(r"\bm[0-9a-z]{12}\b"), "RUN"),
    (re.compile(r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\d+(?:\.\d+)? m?s\b"), "A WHILE"),
    (re.compile(r'"duration": [\d.]+'), '"duration": A WHILE'),
    (re.compile("[\u2580-\u259f\u00b7]+"), "BAR"),
    (re.compile(r"cpython [\d.]+ at \S+|SQLite [\d.]+ of apsw [\d.]+"), "VERSION"),
    (re.compile(r"\S+/ciranda\.toml"), "ciranda.toml"),
)
# A page that brings no files shows sessions of somewhere else.
SESSIONS = [page for page in PAGES if FILE.search(page.read_text(encoding="utf-8"))]


def settled(text):
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text


def printed(command, monkeypatch):
    """Return all that a command prints, both streams in one as on a terminal."""
    from ciranda.cli.entry import outcome

    name, *arguments = shlex.split(command)
    if name != "ciranda":
        return subprocess.run([name, *arguments], capture_output=True, text=True, check=True).stdout
    screen = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        outcome(arguments)
    return screen.buffer.getvalue().decode()


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.name)
def test_a_console_session_goes_as_shown(page, tmp_path, monkeypatch):
    thresholds = gc.get_threshold()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ciranda.toml").write_text("")
    monkeypatch.setenv("CIRANDA_STORE__DURABILITY", "process")
    monkeypatch.setenv("NO_COLOR", "1")
    text = page.read_text(encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    bring_files(text, tmp_path)
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

    for block in CONSOLE.findall(text):
        for command, shown in COMMAND.findall(block):
            real = printed(command, monkeypatch)
            same = checker.check_output(settled(shown), settled(real), flags)
            assert same, f"$ {command}\n{real}\nthe page has:\n{shown}"
    gc.set_threshold(*thresholds)
