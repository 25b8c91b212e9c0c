"""The group `ciranda planner`."""

from __future__ import annotations

import click

from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

from .diff import command as diff
from .gantt import command as gantt
from .plan import command as plan
from .run import command as run
from .schema import command as schema
from .show import command as show
from .tune import command as tune

__all__ = ["command"]


@click.command(
    "planner",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        "ciranda planner plan tasks.yaml      what would run when, and why not sooner",
        "ciranda planner run tasks.yaml       run it, and see it beside its prediction",
        "ciranda planner gantt last           who ran when",
        "ciranda planner tune last            what would make it shorter",
    ),
)
def command() -> None:
    """Find the shortest safe schedule of tasks, and run it.

    A plan is a file with `tasks`, each with its needs and its work, in YAML or JSON, or a goal in
    Markdown. Tasks run as parallel as needs, workers, cores, resources and rate limits allow.
    """


for _each in (plan, run, show, gantt, diff, tune, schema):
    command.add_command(_each)
