"""`ciranda event`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import EXIT_CODES, examples

if TYPE_CHECKING:
    from ciranda.serve import Flow, Occurrence, Triggering

__all__ = ["command"]


@click.command(
    "event",
    epilog=examples(
        "ciranda event orders.yaml @order.json",
        "ciranda event orders.yaml '{\"id\": 7}' --dry-run",
        "ciranda event orders.yaml @order.json --trigger schedule.2",
    )
    + EXIT_CODES,
)
@click.argument("file", metavar="FILE", callback=options.not_empty, shell_complete=completing.files)
@click.argument("event", metavar="EVENT", callback=options.not_empty)
@click.option(
    "--trigger",
    metavar="NAME",
    shell_complete=completing.triggers,
    help="Which trigger of the file, if more than one fits: `webhook`, `schedule.2`.",
)
@click.option("--dry-run", is_flag=True, help="Print the inputs; run nothing.")
@options.store_option
@options.durability_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str, event: str, **given: Any) -> None:
    """Begin by hand the run that a trigger would begin for an event.

    EVENT is JSON: a CloudEvent (an object with `specversion`), or the data of an event that is made
    of it; `@file` reads one. What the inputs became is printed before the run.
    """
    from ciranda.cli.values import as_json, cell

    found, told = _flow(file), _event(event)
    trigger = _chosen(found, told, given["trigger"])
    told = trigger.named(told)
    if not trigger.takes(told):
        raise click.ClickException(
            f"`{trigger.name}` of {file} does not take this event: its name or `where` does not fit"
        )
    inputs = trigger.inputs_for(told)
    if given["dry_run"]:
        screen.out(as_json(inputs))
        return
    if not given["quiet"]:
        screen.say(f"{trigger.name}: inputs {cell(inputs)}")
    from pathlib import Path

    from ciranda.cli.perform import Performance
    from ciranda.cli.result import print_result

    performance = Performance(
        store=given["store"],
        durability=given["durability"],
        backend=given["backend"],
        quiet=given["quiet"],
    )
    base = Path(file).resolve().parent

    async def order(engine: Any) -> Any:
        return await engine.run(file, inputs=inputs, base=base)

    result, code = performance(order)
    if result is not None:
        print_result(result, given["form"], performance.errors)
    ctx.exit(code)


def _flow(file: str) -> Flow:
    from pathlib import Path

    from ciranda.bus import Bus
    from ciranda.plugins import Plugins
    from ciranda.runs.checker import Checker
    from ciranda.serve import flow_of
    from ciranda.settings import read_configuration
    from ciranda.workflow.load import load

    plugins = Plugins(read_configuration(Path.cwd()), bus=Bus())
    return flow_of(load(file, loaders=plugins.readers), Checker(plugins), None)


def _event(written: str) -> Occurrence:
    from ciranda.cli.given import event_data
    from ciranda.runs.run_id import new_run_id
    from ciranda.serve import event_of_data

    return event_of_data(event_data([written], ""), new_id=new_run_id, source="ciranda event")


def _chosen(flow: Flow, event: Occurrence, name: str | None) -> Triggering:
    """Return the trigger that is named, or the one that takes such events."""
    from ciranda.errors import InputError

    names = ", ".join(f"`{each.name}`" for each in flow.triggers)
    if name is not None:
        fitting = [each for each in flow.triggers if each.name == name]
        if not fitting:
            raise InputError(f"{flow.file} has no trigger `{name}`: it has {names}")
    elif len(flow.triggers) == 1:
        fitting = list(flow.triggers)
    else:
        fitting = [each for each in flow.triggers if each.suits(event)]
    if not fitting:
        raise InputError(
            f"no trigger of {flow.file} is for an event of the type `{event.type}`: "
            f"choose one with `--trigger` ({names})"
        )
    if len(fitting) > 1:
        shown = ", ".join(f"`--trigger {each.name}`" for each in fitting)
        raise InputError(f"more than one trigger is for this event: choose {shown}")
    return fitting[0]
