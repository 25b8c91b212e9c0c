"""`ciranda trace`."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.observe.outline import Outline
    from ciranda.observe.timeline import Timeline
    from ciranda.store import Log

__all__ = ["command"]


@click.command(
    "trace",
    epilog=examples(
        "ciranda trace last",
        "ciranda trace last --html run.html",
        "ciranda trace last --otlp http://localhost:4318",
    ),
)
@options.run_argument
@click.option(
    "--html",
    metavar="FILE",
    shell_complete=completing.files,
    help="Write a page that needs nothing else; `-` prints it.",
)
@click.option("--otlp", metavar="URL", help="Send the spans to an OpenTelemetry collector.")
@options.store_option
def command(run: str, html: str | None, otlp: str | None, store: str | None) -> None:
    """Draw where the time of a run went.

    A bar for each step: work, lost attempts, waits; what the run's end waited for is marked.
    """
    from ciranda.cli.history import events_of, opened, read_timeline, status_of
    from ciranda.cli.written import write
    from ciranda.observe.spoken import plural

    with opened(store, reading=True) as log:
        row = log.run(run)
        outline = _outline(log, row.id)
        if otlp is not None:
            from ciranda.observe.export import export_run

            sent = export_run(events_of(log, row.id), otlp, outline=outline)
            screen.say(f"sent {plural(sent, 'span')} of run {row.id}")
        timeline = read_timeline(log, row.id)
        if status_of(log, row) == "interrupted":
            timeline.interrupt()
    if html is not None:
        from ciranda.observe.page import page

        write(html, page(timeline, outline=outline))
        if html != "-":
            screen.say(f"wrote {html}")
    if html is None and otlp is None:
        _draw(timeline, outline)


def _outline(log: Log, run: str) -> Outline:
    from ciranda.cli.history import pinned_workflow
    from ciranda.errors import CirandaError
    from ciranda.observe.outline import Outline, outline

    try:
        return outline(pinned_workflow(log, run))
    except CirandaError:  # its file is of another version: the events suffice
        return Outline()


def _draw(timeline: Timeline, outline: Outline) -> None:
    from ciranda.observe.waterfall import plain, show, waterfall

    lines = waterfall(
        timeline,
        width=shutil.get_terminal_size().columns,
        outline=outline,
        unicode=screen.speaks_unicode(),
    )
    if screen.is_coloured(sys.stdout):
        from rich.console import Console

        show(lines, Console(file=sys.stdout, highlight=False))
    else:
        screen.raw(plain(lines))
