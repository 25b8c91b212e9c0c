"""The group `ciranda experts`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .explain import command as explain
from .verify import command as verify

__all__ = ["command"]


@click.command(
    "experts",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda experts verify transfer.yaml",
        "ciranda experts explain transfer.yaml",
    ),
)
def command() -> None:
    """Ask a council of checkers whether something may be done, and why (not)."""


for _each in (verify, explain):
    command.add_command(_each)
