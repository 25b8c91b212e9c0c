"""The group `ciranda skills`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .install import command as install
from .list import command as list_
from .run import command as run
from .search import command as search
from .serve import command as serve
from .show import command as show
from .stats import command as stats
from .test import command as test
from .trust import command as trust
from .update import command as update
from .validate import command as validate
from .versions import remove, rollback, versions

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


for _each in (
    list_,
    show,
    search,
    validate,
    run,
    test,
    trust,
    install,
    update,
    versions,
    rollback,
    remove,
    serve,
    stats,
):
    command.add_command(_each)
