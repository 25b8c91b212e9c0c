"""`ciranda planner plan`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from .options import learn_option, worker_options
from .reading import planned, refusing

__all__ = ["command"]


@click.command(
    "plan",
    epilog=examples(
        "ciranda planner plan tasks.yaml",
        "ciranda planner plan tasks.yaml --workers 20 -o json | jq .makespan_ms",
        "ciranda planner plan release.md --save release.json",
    ),
)
@click.argument("file", metavar="FILE", callback=options.not_empty, shell_complete=completing.files)
@worker_options
@learn_option
@click.option(
    "--save",
    metavar="FILE",
    shell_complete=completing.files,
    help="Write the plan as it is now, with its limits and estimates; `-` prints it.",
)
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, file: str, **given: Any) -> None:
    """Show the schedule that would run, and what bounds it; run nothing.

    FILE has tasks in YAML or JSON, or is a goal in Markdown. Everything that is wrong with it is
    told at once, with exit code 2.
    """
    from ciranda.cli.values import as_json
    from ciranda.cli.written import write

    from ..answering import plan_answer
    from .reading import known_settings
    from .telling import plan_told, warnings_told

    with refusing(ctx, given["form"]):
        plan, schedule = planned(file, given)
    if given["save"] is not None:
        from ..saving import saved

        write(given["save"], saved(plan, known_settings().defaults()))
        if given["save"] == "-":
            return
        screen.say(f"wrote {given['save']}")
    if given["form"] == "json":
        screen.out(as_json(plan_answer(plan, schedule)))
        return
    for line in plan_told(plan, schedule):
        screen.out(line)
    warnings_told(plan, schedule)
