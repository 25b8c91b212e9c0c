"""The group `ciranda planner`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .plan import command as plan
from .run import command as run

__all__ = ["command"]


@click.command(
    "planner",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda planner plan tasks.yaml",
        "ciranda planner run tasks.yaml",
    ),
)
def command() -> None:
    """Find the shortest safe schedule of tasks, and run it."""


for _each in (plan, run):
    command.add_command(_each)
