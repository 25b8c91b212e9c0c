"""Every command teaches: what it does, its options, an example that parses."""

import shlex
from importlib import import_module

import click
import pytest

from ciranda.cli.commands import SUMMARIES, ciranda

NESTED = [("runs", "prune"), ("plugins", "enable"), ("plugin", "new"), ("plugin", "check")]
ALL = [*((name,) for name in SUMMARIES), *NESTED]


def found(words):
    command = import_module(f"ciranda.cli.{words[0]}").command
    for word in words[1:]:
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_has_examples(cli, words):
    text = cli(*words, "--help").out

    assert text.startswith(f"Usage: ciranda {' '.join(words)}")
    assert "Examples:\n    ciranda" in text
    assert cli(*words, "-h").out == text


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_examples_parse(words):
    lines = [line.strip() for line in found(words).epilog.splitlines()]
    examples = [line for line in lines if line.startswith("ciranda ")]
    assert examples

    for example in examples:
        ours = example.partition(" | ")[0].partition(" > ")[0].partition(" >> ")[0]
        given = shlex.split(ours)[1:]
        context = click.Context(ciranda, info_name="ciranda", resilient_parsing=False)
        name, command, rest = ciranda.resolve_command(context, given)
        assert command is not None
        with command.make_context(name, list(rest), parent=context) as inner:
            assert inner.command_path == f"ciranda {given[0]}"


def test_the_list_of_commands_says_what_each_says_itself(cli):
    text = cli("--help").out

    for name, summary in SUMMARIES.items():
        assert found((name,)).help.partition("\n")[0] == summary
        assert name in text
        assert summary in " ".join(text.split())


def test_without_a_command_the_help_is_shown_as_a_mistake(cli):
    said = cli(code=2)

    assert said.out == ""
    assert "Commands:" in said.err


def test_the_version_is_that_of_the_distribution(cli):
    from importlib.metadata import version

    assert cli("--version").out == f"ciranda {version('ciranda')}\n"
