"""`ciranda planner plan`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from ..faults import PlanError
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

    from ..scheduling import schedule_of

    try:
        plan = given_plan(file, given)
    except PlanError as error:
        refused(ctx, error, given["form"])
    schedule = schedule_of(plan)
    if given["form"] == "json":
        screen.out(as_json(plain(schedule)))
        return
    for at, level in enumerate(schedule.levels, start=1):
        screen.out(f"wave {at}: {', '.join(level)}")
    screen.out(f"critical path: {' -> '.join(schedule.critical_path)}")
    screen.out(f"makespan: {schedule.makespan:g}s, lower bound {schedule.lower_bound:g}s")


def plain(schedule: Any) -> dict[str, Any]:
    """Return a schedule as the command line tells it."""
    return {
        "valid": True,
        "levels": [list(level) for level in schedule.levels],
        "critical_path": list(schedule.critical_path),
        "critical_path_ms": round(schedule.bounds.critical_path * 1000, 3),
        "total_work_ms": round(schedule.total_work * 1000, 3),
        "lower_bound_ms": round(schedule.lower_bound * 1000, 3),
        "makespan_ms": round(schedule.makespan * 1000, 3),
        "starts": {task: round(at * 1000, 3) for task, at in schedule.starts.items()},
        "warnings": [],
    }
