"""`ciranda runs`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ciranda.cli import options, screen
from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.store import RunRow

__all__ = ["command"]


@click.command(
    "runs",
    cls=Subcommands,
    invoke_without_command=True,
    epilog=examples(
        "ciranda runs",
        "ciranda runs --status failed -o json",
        "ciranda runs prune --older 30d",
    ),
)
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=20, help="How many at the most.  [default: 20]"
)
@click.option(
    "--status",
    type=click.Choice(["running", "waiting", "succeeded", "failed", "cancelled", "interrupted"]),
    metavar="STATUS",
    help="Only those: running, waiting, succeeded, failed, cancelled or interrupted.",
)
@options.store_option
@options.json_option
@click.pass_context
def command(
    ctx: click.Context, limit: int, status: str | None, store: str | None, form: str
) -> None:
    """List the runs of this project, newest first."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = store
        return
    from ciranda.cli.history import opened, status_of
    from ciranda.cli.values import as_json, table
    from ciranda.cli.waiting import plain_waits, said_waits, waits_of_rows
    from ciranda.observe.spoken import spoken

    with opened(store, reading=True) as log:
        found = log.runs(limit=limit, status="running" if status == "interrupted" else status)
        rows = [msgspec.structs.replace(row, status=status_of(log, row)) for row in found]
        waits = waits_of_rows(log, rows)
    rows = [row for row in rows if status in (None, row.status)]
    if form == "json":
        screen.out(
            as_json([{**_plain(row), "waits": plain_waits(waits.get(row.id))} for row in rows])
        )
        return
    if not rows:
        none = "there is no run yet: `ciranda run FILE` makes one"
        screen.say(none if status is None else "there is no such run")
        return
    shown = [
        (
            row.id,
            row.name,
            row.status,
            local(row.created),
            "" if row.finished is None else spoken(row.finished - row.created),
            said_waits(waits.get(row.id)),
        )
        for row in rows
    ]
    titles = ("run", "workflow", "status", "began", "took", "waits for" if waits else "")
    for line in table(titles, shown):
        screen.out(line)


@command.command(
    "prune",
    epilog=examples(
        "ciranda runs prune",
        "ciranda runs prune --older 12h",
    ),
)
@click.option(
    "--older",
    metavar="DURATION",
    default="30d",
    help="Age from which on ended runs are removed.  [default: 30d]",
)
@options.store_option
@click.pass_obj
def prune(above: str | None, older: str, store: str | None) -> None:
    """Remove runs that ended long ago, with their output and artifacts."""
    from ciranda.cli.history import opened
    from ciranda.observe.spoken import plural
    from ciranda.workflow.durations import parse_duration

    try:
        seconds = parse_duration(older)
    except ValueError as error:
        raise click.UsageError(f"`--older {older}`: {error}") from None
    with opened(store or above) as log:
        removed = log.prune(seconds)
    screen.out(
        f"removed {plural(removed.runs, 'run')}, {plural(removed.records, 'event')}, "
        f"{plural(removed.blobs, 'file')}"
    )


def local(at: float) -> str:
    """Return a time as the reader's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _plain(row: RunRow) -> dict[str, Any]:
    return {
        "run": row.id,
        "workflow": row.name,
        "file": row.file,
        "status": row.status,
        "created": row.created,
        "finished": row.finished,
    }
