"""`ciranda emit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen, suggesting
from ciranda.cli.teaching import examples

__all__ = ["command"]

if TYPE_CHECKING:
    from ciranda.store import Log, RunRow


@click.command(
    "emit",
    epilog=examples(
        "ciranda emit paid -d order=17 -d amount=9.5",
        "ciranda emit paid last -d '{\"order\": 17}'",
        "ciranda emit delivered -d @delivery.json --id delivery-17",
    ),
)
@click.argument(
    "event", metavar="EVENT", callback=options.not_empty, shell_complete=suggesting.awaited_events
)
@click.argument(
    "run",
    metavar="[RUN]",
    required=False,
    callback=options.not_empty,
    shell_complete=completing.runs,
)
@click.option(
    "-d",
    "--data",
    "data",
    multiple=True,
    metavar="DATA",
    help="What the event tells: JSON, `name=value` (may be repeated), or `@file` of JSON.",
)
@click.option(
    "--id",
    "named",
    metavar="ID",
    help="What the event is known by: a run takes one id once.  [default: a new one]",
)
@click.option("--source", metavar="TEXT", default="ciranda emit", help="Who says so.")
@options.store_option
@options.json_option
def command(event: str, run: str | None, **given: Any) -> None:
    """Tell runs that something happened.

    Without RUN every run that has not ended is told, and `ciranda serve`. Runs keep an event until
    a step waits for it.
    """
    from ciranda.cli.given import event_data
    from ciranda.cli.history import OPEN, opened
    from ciranda.cli.values import as_json
    from ciranda.errors import InputError
    from ciranda.observe.spoken import plural
    from ciranda.runs.messages import Emitted, encode
    from ciranda.runs.run_id import new_run_id

    named = given["named"] or new_run_id()
    emitted = Emitted(id=named, event=event, data=event_data(given["data"]), source=given["source"])
    with opened(given["store"]) as log:
        if run is None:
            told = log.announce(*encode(emitted))
        else:
            row = _run(log, run)
            if row.status not in OPEN:
                was = "was" if row.status == "cancelled" else "has"
                raise InputError(f"run {row.id} {was} {row.status} already: it takes no event")
            log.post(row.id, *encode(emitted))
            told = [row.id]
        parked = any(log.run(each).status == "waiting" for each in told)
    if given["form"] == "json":
        screen.out(as_json({"id": named, "event": event, "runs": told}))
        return
    if not told:
        screen.say(f"event `{event}` ({named}) reached no run: none is under way")
        return
    screen.say(f"event `{event}` ({named}) is left for {plural(len(told), 'run')}")
    if parked:
        screen.say("`ciranda resume --due` goes on with those that are parked")


def _run(log: Log, written: str) -> RunRow:
    """Return the run that is meant; data in its place is no run."""
    from ciranda.errors import InputError

    if written[0] in '{[@"' or "=" in written:
        raise InputError(f"{written!r} is no run: data is written after `-d`")
    return log.run(written)
