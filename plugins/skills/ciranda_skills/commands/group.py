"""The group `ciranda skills`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .run import command as run
from .validate import command as validate

__all__ = ["command"]


@click.command(
    "skills",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda skills list",
        "ciranda skills validate my-skill",
        "ciranda skills run my-skill -- --help",
    ),
)
def command() -> None:
    """Check, list, run, install and serve skills: folders with a SKILL.md."""


for _each in (validate, run):
    command.add_command(_each)
