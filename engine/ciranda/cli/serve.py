"""`ciranda serve`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "serve",
    epilog=examples(
        "ciranda serve orders.yaml",
        "ciranda serve workflows/ --port 8080 --max-runs 8",
        "ciranda serve nightly.yaml --port 0 --grace 2m",
    ),
)
@click.argument(
    "places",
    metavar="FILE|FOLDER...",
    nargs=-1,
    required=True,
    callback=options.not_empty,
    shell_complete=completing.files,
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--max-runs",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    help="Runs at a time.",
)
@click.option(
    "--backlog",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="Accepted runs that may wait to begin; webhooks are refused beyond it.",
)
@click.option(
    "--grace",
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="What runs get to end once the server is asked to.",
)
@options.store_option
@click.option(
    "--durability",
    type=click.Choice(["power", "process"]),
    help="What an accepted event survives: loss of power, or the death of the process."
    "  [default: power]",
)
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, places: tuple[str, ...], grace: str, **given: Any) -> None:
    """Begin runs by triggers and go on with parked ones, until asked to end.

    Serves the triggers below `on:` of workflow files: webhooks, schedules, events, files and what
    plugins listen to. Of a folder, its workflows with `on:` are served. Files are read again when
    they change. The address goes to standard output, a line for each thing that happens to
    standard error. SIGTERM or Ctrl-C ends it once its runs have ended or `--grace` is over; a
    second one ends it at once. Runs that were cut short go on with the next server.
    """
    from ciranda.cli.attendance import Attendance
    from ciranda.workflow.durations import parse_duration

    try:
        seconds = parse_duration(grace)
    except ValueError as error:
        raise click.UsageError(f"--grace: {error}", ctx) from None
    attendance = Attendance(places, store=given["store"], durability=given["durability"])
    attendance(
        host=given["host"],
        port=given["port"],
        runs=given["max_runs"],
        backlog=given["backlog"],
        grace=seconds,
        backend=given["backend"],
    )
