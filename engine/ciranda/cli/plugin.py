"""`ciranda plugin`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.plugin_check import check
from ciranda.cli.plugin_new import new
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.group(
    "plugin",
    cls=Subcommands,
    epilog=examples(
        "ciranda plugin new weather",
        "ciranda plugin check weather",
    ),
)
def command() -> None:
    """Begin a plugin of your own, or check one."""


command.add_command(new)
command.add_command(check)
