"""A plugin of another distribution: built, installed by pip into an environment, and used."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "third-party" / "ciranda-markdown"
PAGES = {
    "index.md": "# Start\n\n## [Next](next.md)\n\n[gone](lost.md) [up](#start)\n",
    "next.md": "# Next\n\n[back](index.md#start) [nowhere](index.md#end)\n",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a fresh environment with the plugin, which sees ciranda outside of it."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    interpreter = home / "bin" / "python"
    (site,) = (home / "lib").glob("python*/site-packages")
    plugins = sorted(map(str, (ROOT / "plugins").iterdir()))
    outside = [str(ROOT / "engine"), *plugins, sysconfig.get_path("purelib")]
    (site / "outside.pth").write_text("\n".join(outside) + "\n")
    words = ["install", "-q", "--no-deps", "--no-index", "--no-build-isolation", str(EXAMPLE)]
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(interpreter), *words],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    assert (site / "ciranda_markdown" / "py.typed").is_file()
    return interpreter


@pytest.fixture
def project(tmp_path):
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "ciranda.toml").write_text(
        '[store]\ndurability = "process"\n[plugins]\nenable = ["markdown"]\n'
    )
    return tmp_path


def ciranda(python, folder, *arguments, code=0):
    done = subprocess.run(
        [str(python), "-m", "ciranda", *map(str, arguments)],
        cwd=folder, env={**os.environ, "NO_COLOR": "1"},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def test_it_is_used_by_a_workflow_and_has_a_command(python, project):
    flow = EXAMPLE / "examples" / "documentation.yaml"
    run = ("run", flow, "-i", f"folder={project}", "-o", "json", "--store", project)

    outputs = json.loads(ciranda(python, project, *run).stdout)["outputs"]
    ciranda(python, project, "validate", EXAMPLE / "examples" / "runbook.md")
    table = ciranda(python, project, "markdown", "contents", "next.md").stdout

    assert outputs["dead"] == [
        {"file": "index.md", "line": 5, "target": "lost.md"},
        {"file": "next.md", "line": 3, "target": "index.md#end"},
    ]
    assert outputs["contents"].startswith("- [Start](#start)\n  - [")
    assert outputs["summary"].startswith("2 of the links lead nowhere:\n")
    assert table == "- [Next](#next)\n"


def test_its_folder_keeps_every_rule():
    from ciranda.conformance import RULES, Verdict, conform, find_subject

    rules = [rule.id for rule in RULES if not rule.id.startswith("import")]  # those need a process
    found = conform(find_subject(str(EXAMPLE)), only=rules)

    assert [one for one in found if one.verdict is Verdict.FAIL] == []
    assert {one.place for one in found if one.rule == "action-runs"} == {
        "markdown.contents", "markdown.links", "markdown.summary",
    }  # fmt: skip
