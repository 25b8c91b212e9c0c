"""`ciranda trace`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
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
@click.option(
    "--exporter", metavar="NAME", help="Hand the spans to an exporter of a plugin: `slack.file`."
)
@options.store_option
def command(
    run: str, html: str | None, otlp: str | None, exporter: str | None, store: str | None
) -> None:
    """Draw where the time of a run went.

    A bar for each step: work, lost attempts, waits; what the run's end waited for is marked. The
    run of a plan stands beneath the step that began it, and is sent with it.
    """
    from ciranda.cli.history import events_of, opened, read_timeline, status_of
    from ciranda.cli.parts import draw_parts, inner_runs
    from ciranda.cli.written import write
    from ciranda.observe.spoken import plural

    with opened(store, reading=True) as log:
        row = log.run(run)
        outline = _outline(log, row.id)
        if otlp is not None:
            from ciranda.observe.export import export_run

            sent = export_run(events_of(log, row.id), otlp, outline=outline)
            for part in {
                part.run for _, part in inner_runs(log, row.id) if part.status != "pruned"
            }:
                sent += export_run(events_of(log, part), otlp, outline=_outline(log, part))
            screen.say(f"sent {plural(sent, 'span')} of run {row.id}")
        if exporter is not None:
            _hand_over(log, row.id, exporter, outline)
        timeline = read_timeline(log, row.id)
        if status_of(log, row) == "interrupted":
            timeline.interrupt()
        draw_parts(log, timeline)
    if html is not None:
        from ciranda.observe.page import page

        write(html, page(timeline, outline=outline))
        if html != "-":
            screen.say(f"wrote {html}")
    if html is None and otlp is None and exporter is None:
        _draw(timeline, outline)


def _outline(log: Log, run: str) -> Outline:
    from ciranda.cli.history import pinned_workflow
    from ciranda.errors import CirandaError
    from ciranda.observe.outline import Outline, outline

    try:
        return outline(pinned_workflow(log, run))
    except CirandaError:  # its file is of another version: the events suffice
        return Outline()


def _hand_over(log: Log, run: str, name: str, outline: Outline) -> None:
    """Hand the spans of a run to an exporter of a plugin that the project or the run uses."""
    from ciranda.cli.history import events_of, pinned_workflow
    from ciranda.errors import PluginError
    from ciranda.observe.export import hand_over_run
    from ciranda.observe.spoken import plural
    from ciranda.plugins import Plugins
    from ciranda.settings import read_configuration
    from ciranda.workflow.nearest import nearest

    plugins = Plugins(read_configuration(Path.cwd()))
    workflow = pinned_workflow(log, run)
    plugins.load(declared=workflow.plugins, folder=Path(workflow.file).parent)
    namespace = name.partition(".")[0]
    if not namespace.isidentifier():
        raise PluginError(f"'{name}' is no exporter: they are called as plugins say, `slack.file`")
    if name not in plugins.exporters and not plugins.obstacle(namespace):
        plugins.require(namespace)
    if name not in plugins.exporters:
        meant = nearest(name, plugins.exporters)
        why = plugins.obstacle(namespace) or f"no plugin offers the exporter '{name}'"
        raise PluginError(f"{why}; did you mean '{meant}'?" if meant else why)
    sent = hand_over_run(events_of(log, run), name, plugins.exporters[name], outline=outline)
    screen.say(f"handed {plural(sent, 'span')} of run {run} to {name}")


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
