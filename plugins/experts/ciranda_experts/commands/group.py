"""The group `ciranda experts`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .explain import command as explain
from .outcome import command as outcome
from .release import command as release
from .report import command as report
from .review import command as review
from .status import command as status
from .verify import command as verify
from .versions import command as versions

__all__ = ["command"]


@click.command(
    "experts",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda experts verify transfer.yaml",
        "ciranda experts explain transfer.yaml",
        "ciranda experts review list",
    ),
)
def command() -> None:
    """Ask a council of checkers whether something may be done, and why (not)."""


for _each in (verify, explain, status, report, review, outcome, versions, release):
    command.add_command(_each)
