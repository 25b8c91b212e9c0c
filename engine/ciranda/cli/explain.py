"""`ciranda explain`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
import msgspec

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.store import Cached, Log

__all__ = ["command"]


@click.command(
    "explain",
    epilog=examples(
        "ciranda explain last publish",
        "ciranda explain last verify/3",
        "ciranda explain 01k4 pay/@catch0/tell -o json | jq .facts",
    ),
)
@options.run_argument
@click.argument("step", metavar="STEP", callback=options.not_empty, shell_complete=completing.steps)
@options.store_option
@options.json_option
def command(run: str, step: str, store: str | None, form: str) -> None:
    """Tell why a step of a run ran, waited, failed or was skipped.

    STEP is its path: `load`, `verify/3` for an item of a map, `files/2/rows` for a step inside of
    one. The answer is made from the log: what it needed and how that stood, its conditions with
    the values that they read, its attempts, what the cache said and which input had changed, whom
    it waited for, and what followed for others.
    """
    from ciranda.cli.history import events_of, opened, pinned_workflow
    from ciranda.cli.values import as_json
    from ciranda.explaining import Chronicle, explain

    with opened(store, reading=True) as log, ExitStack() as stack:
        row = log.run(run)
        workflow = pinned_workflow(log, row.id)
        chronicle = Chronicle(events_of(log, row.id))
        found = explain(chronicle, workflow, step, rows=_rows(log, stack))
    if form == "json":
        screen.out(as_json(msgspec.to_builtins(found)))
        return
    screen.out(f"{found.headline}{f' (at {found.place})' if found.place else ''}")
    for fact in found.facts:
        screen.out(f"- {fact.text}")


def _rows(log: Log, stack: ExitStack) -> Callable[[str], list[Cached]]:
    """Return what reads the answers that the cache keeps; where there is no cache, none."""
    from ciranda.errors import StoreError
    from ciranda.store import SqliteLog
    from ciranda.store.cache import Cache

    def rows(label: str) -> list[Cached]:
        if not isinstance(log, SqliteLog) or not log.path.with_name("cache.db").exists():
            return []
        try:
            cache = Cache(log.path.parent)
            stack.callback(cache.close)
            return cache.recent(label)
        except StoreError:  # losing the cache costs time, and an answer here
            return []

    return rows
