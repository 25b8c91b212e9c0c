"""`ciranda planner plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples
from ciranda.settings import read_configuration

from ..answering import plan_answer
from ..cores import within_cores
from ..faults import PlanError
from ..settings import PlannerSettings
from .reading import given_plan, refused, worker_options

__all__ = ["command"]


@click.command("plan", epilog=examples("ciranda planner plan tasks.yaml -o json | jq .makespan_ms"))
@click.argument("file", metavar="FILE", callback=options.not_empty, shell_complete=completing.files)
@worker_options
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, file: str, **given: Any) -> None:
    """Show the schedule that would run, and what bounds it; run nothing."""
    from ciranda.cli.values import as_json

    from ..search import search

    try:
        known = read_configuration(Path.cwd()).read(PlannerSettings)
        plan = within_cores(given_plan(file, given), known.cores)
    except PlanError as error:
        refused(ctx, error, given["form"])
    schedule = search(plan)
    if given["form"] == "json":
        screen.out(as_json(plan_answer(plan, schedule)))
        return
    for at, level in enumerate(schedule.levels, start=1):
        screen.out(f"wave {at}: {', '.join(level)}")
    screen.out(f"critical path: {' -> '.join(schedule.critical_path)}")
    screen.out(f"makespan: {schedule.makespan:g}s, lower bound {schedule.lower_bound:g}s")
