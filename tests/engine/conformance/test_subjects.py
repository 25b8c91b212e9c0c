"""What can be checked: packages, files, installed plugins; and what is said of all others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ciranda.conformance import RULES, Finding, Verdict, conform, find_subject
from ciranda.conformance.probe import main as probed_here
from ciranda.errors import PluginError

from .conftest import FRESH, failing

STATIC = [
    "api", "commands", "package", "hooks", "loads", "error-kinds",
    *(rule.id for rule in RULES if rule.id.endswith("-docs") or rule.id == "action-types"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["consensus", "experts", "planner", "quantum", "skills"])
def test_our_own_plugins_keep_the_rules(name: str) -> None:
    assert failing(conform(find_subject(name), only=STATIC)) == []


def test_a_package_that_is_not_installed_is_checked_as_if_it_were(package: Path) -> None:
    before = list(sys.path)

    found = conform(find_subject(str(package)))

    assert failing(found) == []
    assert {one.rule for one in found} == {rule.id for rule in RULES}
    assert [one.place for one in found if one.rule == "action-runs"] == ["sample.sign"]
    assert sys.path == before
    assert "ciranda_sample" not in sys.modules


def broken(package: Path, rule: str) -> str:
    found = failing(conform(find_subject(str(package)), only=[rule]))
    assert {one.rule for one in found} == {rule}
    return "\n".join(one.message for one in found)


def test_a_package_without_types_or_with_an_unusable_name_is_named(package: Path) -> None:
    (package / "src" / "ciranda_sample" / "py.typed").unlink()
    assert "it has no file `py.typed`" in broken(package, "package")

    project = package / "pyproject.toml"
    project.write_text(project.read_text().replace("sample = ", '"1st" = '))
    assert "`1st` cannot begin the name of an action" in broken(package, "package")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("command = 3", "it is int: make it with @click.command"),
        ("1 / 0", "it raises ZeroDivisionError"),
        ("import click\n\n@click.command()\ndef command(): pass", "it has no docstring"),
    ],
)
def test_commands_that_do_not_fit_are_named(package: Path, text: str, said: str) -> None:
    (package / "src" / "ciranda_sample" / "commands.py").write_text(text)

    assert said in broken(package, "commands")


def test_commands_that_come_with_the_plugin_are_named(package: Path) -> None:
    module = package / "src" / "ciranda_sample" / "__init__.py"
    module.write_text(f"{module.read_text()}\nfrom . import commands\n")

    found = failing(conform(find_subject(str(package)), only=FRESH))

    assert [one.rule for one in found] == ["commands"]
    assert "importing the plugin imports ciranda_sample.commands" in found[0].message


def test_what_cannot_be_seen_is_not_called_kept(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text("import ciranda_nowhere\n")

    found = conform(find_subject(str(file)), only=[rule.id for rule in RULES])

    assert [one.rule for one in found if one.verdict is Verdict.FAIL] == ["import"]
    assert f"{file}:1" in [one.place for one in found]
    assert Finding.skip("teardown", "it cannot be imported") in found


def test_an_import_that_ends_the_process_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text("import os\nos._exit(3)\n")

    (first, *_) = failing(conform(find_subject(str(file)), only=FRESH))

    assert first.message == "importing fails: it ends the process: exit code 3"


def test_the_probe_notes_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)  # the probe changes it
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "probed_sample.py").write_text(
        f"print('hi')\nopen({str(tmp_path / 'made')!r}, 'w').close()\n1 / 0\n"
    )

    told = probed_here("probed_sample", "", [str(tmp_path)])

    assert told["error"] == "ZeroDivisionError: division by zero"
    assert told["place"] == f"{tmp_path}/probed_sample.py:3"
    assert told["printed"] == "hi\n"
    assert [f"writes {tmp_path}/made", f"{tmp_path}/probed_sample.py:2"] in told["effects"]


def test_what_is_no_plugin_is_refused_with_a_hint(package: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    project = package / "pyproject.toml"
    for what, said in (
        ("quantm", "did you mean `quantum`"),
        ("zzz_nothing", "name its folder, or install it"),
        (str(tmp_path / "empty"), r"holds no pyproject\.toml"),
        (str(tmp_path / "gone.py"), "there is no file"),
    ):
        with pytest.raises(PluginError, match=said):
            find_subject(what)
    for text, said in (("[project]\n", "announces no plugin"), ("[", "cannot be read")):
        project.write_text(text)
        with pytest.raises(PluginError, match=said):
            find_subject(str(package))
