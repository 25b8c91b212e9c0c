"""`ciranda planner run`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import EXIT_CODES, examples

from ..faults import PlanError
from .reading import given_plan, refused, worker_options

__all__ = ["command"]


@click.command(
    "run",
    epilog=examples(
        "ciranda planner run tasks.yaml",
        "ciranda planner run tasks.yaml --workers 20 -o json | jq .status",
        "ciranda planner run --resume last",
    )
    + EXIT_CODES,
)
@click.argument("file", metavar="FILE", required=False, shell_complete=completing.files)
@worker_options
@click.option("--waves", is_flag=True, help="End each level before the next one begins.")
@click.option("--resume", metavar="RUN", help="Go on with a run: what succeeded is kept.")
@options.store_option
@options.durability_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, **given: Any) -> None:
    """Run the tasks of FILE, and show the run beside its prediction.

    Ctrl-C stops the tasks and keeps the run: `ciranda planner run --resume last` goes on with it.
    """
    from ciranda.cli.perform import Performance as Screen
    from ciranda.cli.values import as_json

    from ..execution import Outcome, perform
    from ..preparing import prepare
    from ..resuming import resume

    if (file is None) is (given["resume"] is None):
        raise click.UsageError("give either FILE or `--resume RUN`", ctx)
    shown = Screen(
        store=given["store"],
        durability=given["durability"],
        backend=given["backend"],
        quiet=given["quiet"] or given["form"] == "json",
    )
    found: list[Outcome] = []

    async def order(engine: Any) -> Any:
        if file is None:
            found.append(await resume(engine, given["resume"]))
        else:
            plan = given_plan(file, given, executable=True)
            prepared = prepare(engine, plan, file=file, waves=given["waves"])
            found.append(await perform(engine, prepared))
        return found[0].result

    try:
        _, code = shown(order)
    except PlanError as error:
        refused(ctx, error, given["form"])
    for outcome in found:
        if given["form"] == "json":
            screen.out(as_json(outcome.plain()))
        else:
            _tell(outcome)
    ctx.exit(code)


def _tell(outcome: Any) -> None:
    report = outcome.report
    screen.out(f"plan {outcome.state}, run {outcome.run}")
    for task, state in outcome.states.items():
        if state != "succeeded":
            screen.out(f"  {task}: {state}")
    for name, one in (("predicted", report.predicted), ("actual", report.actual)):
        screen.out(
            f"{name}: {one.makespan:.3f}s of at least {one.lower_bound:.3f}s, "
            f"{one.speedup:.1f}x, {one.efficiency:.0%} of {one.workers} workers"
        )
