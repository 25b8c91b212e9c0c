"""`ciranda cancel`."""

from __future__ import annotations

from typing import Any

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
@options.quiet_option
@options.backend_option
@click.pass_context
def command(
    ctx: click.Context, run: str, reason: str, store: str | None, quiet: bool, backend: str
) -> None:
    """Ask a run of another process to stop.

    Its running steps are stopped, steps with `if: always()` or `if: cancelled()` and handlers
    still run, and `ciranda resume` can go on with it. A parked run is gone on with here to do so.
    """
    from ciranda.cli.history import OPEN, opened

    with opened(store) as log:
        row = log.run(run)
        if row.status not in OPEN:
            was = "was" if row.status == "cancelled" else "has"
            raise click.ClickException(
                f"run {row.id} {was} {row.status} already: nothing to cancel"
            )
        executed = log.held(row.id)
        if not executed and row.status == "running":
            raise click.ClickException(
                f"no process executes run {row.id} any more: nothing to cancel "
                f"(`ciranda resume {row.id}` goes on with it)"
            )
        log.post(row.id, "cancel", (reason or "cancelled by `ciranda cancel`").encode())
    if executed:
        screen.say(f"run {row.id} is asked to stop; `ciranda show {row.id}` tells when it has")
        return
    ctx.exit(_stopped(row.id, store, quiet=quiet, backend=backend))


def _stopped(run: str, store: str | None, *, quiet: bool, backend: str) -> int:
    """Go on with a parked run, which finds the wish to stop in its inbox; return the exit code."""
    from ciranda.cli.exits import Exit
    from ciranda.cli.perform import Performance
    from ciranda.errors import LeaseLostError

    performance = Performance(store=store, durability=None, backend=backend, quiet=quiet)

    async def order(engine: Any) -> Any:
        performance.prime(engine.log, run)
        return await engine.resume(run)

    try:
        result, code = performance(order)
    except LeaseLostError:  # somebody went on with it at this moment, and hears of it
        screen.say(f"run {run} is asked to stop; `ciranda show {run}` tells when it has")
        return Exit.OK
    return Exit.OK if result is not None and result.status == "cancelled" else code
