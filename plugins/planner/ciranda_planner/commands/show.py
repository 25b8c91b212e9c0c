"""`ciranda planner show`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

from .options import learn_option, what_argument, worker_options
from .reading import is_file, planned, refusing, without_file_options

if TYPE_CHECKING:
    from ..plan import Plan
    from ..schedule import Schedule

__all__ = ["command"]


@click.command(
    "show",
    epilog=examples(
        "ciranda planner show tasks.yaml",
        "ciranda planner show last",
        "ciranda planner show last -o json | jq .lost",
    ),
)
@what_argument
@worker_options
@learn_option
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, what: str, **given: Any) -> None:
    """Show the tasks of a plan, or how its run compared with it.

    Of a FILE: every task with its needs, its work and its place in the schedule. Of a RUN (an id,
    a start of it, or `last`): prediction and reality, where time was lost, what became worse.
    """
    from ciranda.cli.values import as_json

    if not is_file(what):
        without_file_options(ctx, given)
        _show_run(what, given)
        return
    from ..answering import plan_answer
    from ..saving import data_of
    from .telling import warnings_told

    with refusing(ctx, given["form"]):
        plan, schedule = planned(what, given)
    if given["form"] == "json":
        screen.out(as_json({**plan_answer(plan, schedule), "plan": data_of(plan)}))
        return
    for line in _plan(plan, schedule):
        screen.out(line)
    warnings_told(plan, schedule)


def _show_run(named: str, given: dict[str, Any]) -> None:
    from ciranda.cli.values import as_json

    from .past import told_run
    from .telling import findings_told, run_told

    told = told_run(given["store"], named)
    if given["form"] == "json":
        found = [each.plain() for each in told.found]
        screen.out(as_json({**told.outcome.plain(), "findings": found}))
        return
    for line in (*run_told(told.outcome), *findings_told(told.sentences)):
        screen.out(line)


def _plan(plan: Plan, schedule: Schedule) -> Iterable[str]:
    from ciranda.cli.values import table
    from ciranda.observe.spoken import plural, spoken

    yield f"{plan.name}  {plural(len(plan.tasks), 'task')}  digest {plan.digest[:12]}"
    yield from _limits(plan)
    path = set(schedule.critical_path)
    rows = []
    for task in sorted(plan.tasks, key=lambda task: schedule.starts.get(task.id, 1e18)):
        start = schedule.starts.get(task.id)
        done = "done" if task.id in plan.already_succeeded else "on standby"
        rows.append(
            [
                f"{'*' if task.id in path else ' '} {task.id}",
                done if start is None else spoken(start),
                spoken(task.estimate),
                str(task.kind),
                ", ".join(task.needs),
                task.uses or " ".join(task.command or ()) or task.behaviour or task.title,
            ]
        )
    yield from table(["  task", "starts", "takes", "kind", "needs", "work"], rows)
    yield "* critical path"


def _limits(plan: Plan) -> Iterable[str]:
    from ciranda.observe.spoken import plural, spoken

    words = [plural(plan.workers, "worker")]
    if plan.cpu_workers is not None:
        words.append(f"{plan.cpu_workers} for cpu tasks")
    if plan.tier is not None:
        words.append(f"tier {plan.tier}")
    if plan.mode is not None:
        words.append(plan.mode)
    words += [f"{units} of `{name}`" for name, units in plan.resources.items()]
    yield ", ".join(words)
    limit = plan.rate_limit
    if limit is not None:
        named = zip(("requests", "input tokens", "output tokens"), limit.units, strict=True)
        known = [f"{units:,} {name}" for name, units in named if units is not None]
        yield f"{', '.join(known)} in {spoken(limit.window)}"
