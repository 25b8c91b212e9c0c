"""`ciranda planner tune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

from .options import what_argument, worker_options
from .reading import given_plan, is_file, known_settings, refusing, without_file_options

if TYPE_CHECKING:
    from ..plan import Plan

__all__ = ["command"]


@click.command(
    "tune",
    epilog=examples(
        "ciranda planner tune tasks.yaml",
        "ciranda planner tune last -o json | jq '.suggestions[].message'",
    ),
)
@what_argument
@worker_options
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, what: str, **given: Any) -> None:
    """Suggest what would make the next run shorter.

    The plan of FILE, or of RUN, is scheduled with what its tasks took before; then again with more
    or fewer workers, in another mode, with a quicker task. Nothing is run and nothing is changed.
    """
    from ciranda.cli.values import as_json
    from ciranda.observe.spoken import plural, spoken

    from ..answering import milliseconds
    from ..cores import within_cores
    from ..telemetry import findings
    from ..tuning import advise
    from .past import past_of

    settings = known_settings()
    with refusing(ctx, given["form"]):
        if not is_file(what):
            without_file_options(ctx, given)
        plan = within_cores(_plan(what, given), settings.cores)
    durations, runs = past_of(given["store"], plan)
    advice = advise(plan, durations, runs, settings.defaults().table)
    found = findings(runs)
    if given["form"] == "json":
        now = advice.schedule.makespan
        answer = {
            "name": plan.name,
            "runs": len(runs),
            "makespan_ms": milliseconds(now),
            "lower_bound_ms": milliseconds(advice.schedule.lower_bound),
            "durations_ms": {task: milliseconds(each) for task, each in durations.items()},
            "findings": [each.plain() for each in found],
            "suggestions": [each.plain(now) for each in advice.suggestions],
        }
        screen.out(as_json(answer))
        return
    known = f"what {plural(len(runs), 'run')} took" if runs else "its estimates"
    screen.out(f"{plan.name}: {spoken(advice.schedule.makespan)} by {known}")
    for finding in found:
        screen.out(f"! {finding.message}")
    for suggestion in advice.suggestions:
        screen.out(f"- {suggestion.message}")
    if not found and not advice.suggestions:
        screen.out("nothing to suggest: the plan is as good as this planner can tell")


def _plan(what: str, given: dict[str, Any]) -> Plan:
    if is_file(what):
        # The plan as it is written: what was learned is held against it.
        return given_plan(what, {**given, "learn": False})
    from ciranda.cli.history import opened

    from ..history import found_plan_run, plan_of_run

    with opened(given["store"], reading=True) as log:
        return plan_of_run(log, found_plan_run(log, what))
