"""`ciranda plugin new`: what it writes is complete, and what it refuses it says in a sentence."""

import importlib.util
import os
import subprocess
import sys

import pytest

from ciranda.conformance import RULES, Verdict, conform, find_subject


@pytest.fixture
def made(cli, project):
    said = cli("plugin", "new", "weather_map")
    assert "wrote ciranda-weather-map/pyproject.toml" in said.err
    return project / "ciranda-weather-map"


def ran(folder, *words):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_its_tests_pass_at_once(made):
    done = ran(made, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")

    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout


def test_it_keeps_every_rule(made):
    rules = [rule.id for rule in RULES if not rule.id.startswith("import")]  # those need a process

    found = conform(find_subject(str(made)), only=rules)

    assert [one for one in found if one.verdict is Verdict.FAIL] == []
    tried = ("action-runs", "secrets", "middleware", "modifier-docs", "examples")
    assert [one for one in found if one.rule in tried and one.verdict is not Verdict.PASS] == []


@pytest.mark.parametrize("words", [("ruff", "check", "--no-cache", "."), ("mypy",),
                                   ("ruff", "format", "--no-cache", "--check", ".")])  # fmt: skip
def test_linters_find_nothing(made, words):
    if importlib.util.find_spec(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = ran(made, *words)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Slack-Bot", "`Slack-Bot` cannot name a plugin: it is small letters, digits and _, "
                      "beginning with a letter; write `slack_bot`"),
        ("1st", "write `st`"),
        ("_", "write a word such as `weather`"),
        ("x" * 41, "cannot name a plugin"),
        ("class", "`class` has a meaning already: choose another name"),
        ("timeout", "`timeout` has a meaning already"),
        ("quantum", "`quantum` is a plugin of ciranda's own"),
        ("", "NAME is given as an empty text"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(cli, project, name, said):
    assert said in cli("plugin", "new", name, code=2).err
    assert not any(project.glob("ciranda-*"))


def test_what_exists_is_left_alone(cli, project):
    (project / "there").mkdir()
    (project / "file").touch()

    assert (
        "there exists: name another folder with --dir"
        in cli("plugin", "new", "slack", "--dir", "there", code=2).err
    )
    assert (
        "cannot be written: not a directory"
        in cli("plugin", "new", "slack", "--dir", "file/inner", code=2).err
    )
    assert list((project / "there").iterdir()) == []
