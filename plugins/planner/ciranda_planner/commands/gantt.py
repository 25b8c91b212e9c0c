"""`ciranda planner gantt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

from .options import html_option, learn_option, what_argument, worker_options
from .reading import is_file, planned, refusing, without_file_options

if TYPE_CHECKING:
    from ..chart import Chart

__all__ = ["command"]


@click.command(
    "gantt",
    epilog=examples(
        "ciranda planner gantt tasks.yaml --workers 4",
        "ciranda planner gantt last",
        "ciranda planner gantt last --html run.html",
    ),
)
@what_argument
@worker_options
@learn_option
@html_option
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, what: str, **given: Any) -> None:
    """Draw when each task is to run, and beside it when it ran.

    Of a FILE: the schedule that would run. Of a RUN (an id, a start of it, or `last`): a bar for
    what each task did, and below it a line for what was planned.
    """
    from ciranda.cli.values import as_json

    from .telling import draw, write_page

    outcome, said = None, []
    if is_file(what):
        from ..chart import chart_of_plan

        with refusing(ctx, given["form"]):
            chart = chart_of_plan(*planned(what, given))
    else:
        from .past import told_run

        without_file_options(ctx, given)
        told = told_run(given["store"], what)
        chart, outcome, said = told.chart, told.outcome, told.sentences
    if given["html"] is not None:
        write_page(given["html"], chart, outcome, said)
    elif given["form"] == "json":
        screen.out(as_json(_rows(chart)))
    else:
        draw(chart)


def _rows(chart: Chart) -> dict[str, Any]:
    """Return the bars in milliseconds; each part of a resumed run counts from its own start."""
    rows: dict[str, dict[str, Any]] = {}
    for segment in chart.timeline.segments:
        for track in segment.tracks.values():
            row = rows.setdefault(track.path, {"task": track.path, "planned": None, "actual": []})
            row["state"] = str(track.state)
            spans = [
                _span(each.start - segment.start, (each.end or segment.last) - segment.start)
                for each in track.attempts
            ]
            if row["state"] == "planned":
                row["planned"] = spans[0]
            else:
                row["actual"] += [{"part": segment.index, **span} for span in spans]
    for task, (start, end) in chart.expected.items():
        row = rows.setdefault(task, {"task": task, "actual": [], "state": "pending"})
        row["planned"] = _span(start, end)
    parts = chart.timeline.segments
    return {
        "name": chart.timeline.workflow,
        "state": parts[-1].told if parts else str(chart.timeline.state),
        "rows": list(rows.values()),
    }


def _span(start: float, end: float) -> dict[str, Any]:
    from ..answering import milliseconds

    return {"start_ms": milliseconds(start), "end_ms": milliseconds(end)}
