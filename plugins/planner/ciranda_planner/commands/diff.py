"""`ciranda planner diff`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from .options import learn_option
from .reading import is_file, planned, refusing

if TYPE_CHECKING:
    from ..differing import Difference
    from ..plan import Plan
    from ..schedule import Schedule

__all__ = ["command"]


@click.command(
    "diff",
    epilog=examples(
        "ciranda planner diff old.json tasks.yaml",
        "ciranda planner diff last tasks.yaml -o json | jq -e .same",
    ),
)
@click.argument(
    "before", metavar="A", callback=options.not_empty, shell_complete=completing.files_and_runs
)
@click.argument(
    "after", metavar="B", callback=options.not_empty, shell_complete=completing.files_and_runs
)
@learn_option
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, before: str, after: str, **given: Any) -> None:
    """Show what plan B has otherwise than plan A.

    That is tasks, their fields, limits, and the predicted run. Each plan is a file, or a run (an
    id, a start of it, or `last`) whose plan is meant.
    """
    from ciranda.cli.values import as_json

    from ..differing import differ

    with refusing(ctx, given["form"]):
        found = differ(_plan(before, given), _plan(after, given))
    if given["form"] == "json":
        screen.out(as_json(found.plain()))
        return
    for line in _told(found):
        screen.out(line)


def _plan(what: str, given: dict[str, Any]) -> tuple[Plan, Schedule]:
    if is_file(what):
        return planned(what, given)
    from ciranda.cli.history import opened

    from ..history import found_plan_run, plan_of_run
    from ..search import search

    with opened(given["store"], reading=True) as log:
        plan = plan_of_run(log, found_plan_run(log, what))
    return plan, search(plan)


def _told(found: Difference) -> Iterable[str]:
    from ciranda.cli.values import cell
    from ciranda.observe.spoken import spoken

    if found.same:
        yield "the plans are the same"
        return
    for task in found.removed:
        yield f"- {task}"
    for task in found.added:
        yield f"+ {task}"
    for subject, fields in (("plan", found.limits), *found.changed.items()):
        for name, (old, new) in fields.items():
            yield f"~ {subject}: {name} {_shown(cell(old))} -> {_shown(cell(new))}"
    makespan = " -> ".join(spoken(each) for each in found.makespan)
    yield f"makespan: {makespan}"
    if found.critical_path[0] != found.critical_path[1]:
        from .telling import listed

        for word, path in zip(("was", "is"), found.critical_path, strict=True):
            yield f"critical path {word}: {listed(path, ' > ')}"


def _shown(text: str) -> str:
    from ciranda.observe.visible import clip

    return clip(text, 60) if text != "null" else "none"
