"""`ciranda cancel`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "cancel",
    epilog=examples(
        "ciranda cancel last",
        "ciranda cancel 01k4 --reason 'wrong file'",
    ),
)
@options.run_argument
@click.option("--reason", metavar="TEXT", default="", help="What the run's log says of it.")
@options.store_option
def command(run: str, reason: str, store: str | None) -> None:
    """Ask a run of another process to stop.

    Its running steps are stopped, steps with `if: always()` or `if: cancelled()` still run, and
    `ciranda resume` can go on with it.
    """
    from ciranda.cli.history import opened

    with opened(store) as log:
        row = log.run(run)
        if row.status != "running":
            raise click.ClickException(f"run {row.id} has {row.status} already: nothing to cancel")
        if not log.held(row.id):
            raise click.ClickException(
                f"no process executes run {row.id} any more: nothing to cancel "
                f"(`ciranda resume {row.id}` goes on with it)"
            )
        log.post(row.id, "cancel", (reason or "cancelled by `ciranda cancel`").encode())
    screen.say(f"run {row.id} is asked to stop; `ciranda show {row.id}` tells when it has")
