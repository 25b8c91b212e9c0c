"""Commands of plugins: listed without an import, called when they may be, named when broken."""

import sys

import pytest

from ciranda.cli.commands import ciranda
from ciranda.cli.contributed import command_of, summaries

COMMAND = """
import click

@click.command("slack")
@click.argument("word")
def command(word):
    "Say a word."
    click.echo(f"slack says {word}")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a plugin `slack` with a command."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(source=COMMAND, target="slack_commands:command", dist="ciranda-slack"):
        (site / "slack_commands.py").write_text(source)
        info = site / f"{dist.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[ciranda]\nslack = slack_plugin\n[ciranda.commands]\nslack = {target}\n"
        )

    yield install
    sys.modules.pop("slack_commands", None)


def enable(project, *names):
    listed = ", ".join(f'"{name}"' for name in names)
    (project / "ciranda.toml").write_text(f"[plugins]\nenable = [{listed}]\n")


def test_help_lists_usable_commands_and_imports_none(cli, project, install):
    install()
    assert "slack" not in cli("--help").out

    enable(project, "slack")

    assert "slack       Commands of the plugin `slack`." in cli("--help").out
    assert "slack_commands" not in sys.modules


def test_settings_that_do_not_fit_do_not_spoil_the_list(cli, project, install):
    install()
    (project / "ciranda.toml").write_text("[plugins]\nenable = 3\n")

    assert "quantum" in cli("--help").out
    assert "slack" not in summaries()


def test_a_command_gets_its_arguments(cli, project, install):
    install()
    enable(project, "slack")

    assert cli("slack", "hello").out == "slack says hello\n"
    assert cli("slack", "--help").out.startswith("Usage: ciranda slack [OPTIONS] WORD")


def test_without_an_attribute_the_object_called_command_is_meant(cli, project, install):
    install(target="slack_commands")
    enable(project, "slack")

    assert cli("slack", "you").out == "slack says you\n"


def test_a_plugin_that_is_not_enabled_says_how(cli, install):
    install()

    assert "run `ciranda plugins enable slack`" in cli("slack", "x", code=2).err


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("1 / 0", "slack_commands:command", "cannot be imported: ZeroDivisionError"),
        ("command = 3", "slack_commands:command", "its command slack_commands:command is int"),
        ("", "slack_commands:command", "has no attribute 'command'"),
        ("", "slack_absent:command", "No module named 'slack_absent'"),
    ],
)
def test_a_broken_command_is_one_sentence(cli, project, install, source, target, message):
    install(source, target)
    enable(project, "slack")

    said = cli("slack", code=2).err

    assert "plugin 'slack'" in said
    assert message in said


def test_two_distributions_with_one_command_are_named(cli, project, install):
    install()
    install(dist="other-slack")
    enable(project, "slack")

    said = cli("slack", "x", code=2).err

    assert "is offered by ciranda-slack 1.0 and other-slack 1.0: uninstall one" in said


def test_our_own_command_can_be_disabled(cli, monkeypatch):
    monkeypatch.setenv("CIRANDA_PLUGINS_DISABLE", "quantum")

    assert "plugin 'quantum' is disabled" in cli("quantum", "check", "x.q", code=2).err


def test_a_misspelt_command_of_a_plugin_gets_a_hint(cli):
    assert "did you mean `quantum`?" in cli("quantm", code=2).err
    assert command_of("quantm") is None


def test_names_are_completed_without_an_import(cli, project, install):
    install()
    enable(project, "slack")
    with ciranda.make_context("ciranda", ["runs"]) as context:
        found = {item.value: item.help for item in ciranda.shell_complete(context, "s")}
        options = [item.value for item in ciranda.shell_complete(context, "--v")]

    assert found == {
        "show": "Show what became of a run, step by step.",
        "serve": "Begin runs by triggers and go on with parked ones, until asked to end.",
        "schema": "Print the JSON Schema of workflow files, for editors.",
        "skills": "Commands of the plugin `skills`.",
        "slack": "Commands of the plugin `slack`.",
    }
    assert options == ["--version"]
    assert "slack_commands" not in sys.modules
