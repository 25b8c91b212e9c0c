"""`ciranda rerun`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import EXIT_CODES, examples

if TYPE_CHECKING:
    from ciranda.runs.rerun import Rerun

__all__ = ["command"]

_SHOWN: Final = 20  # paths that are told of those taken over


@click.command(
    "rerun",
    epilog=examples(
        "ciranda rerun last --from report",
        "ciranda rerun 01k4 --from files/2/rows/7",
        "ciranda rerun last --from load --set limit=20 --dry-run",
    )
    + EXIT_CODES,
)
@options.run_argument
@click.option(
    "--from",
    "start",
    required=True,
    metavar="PATH",
    callback=options.not_empty,
    shell_complete=completing.steps,
    help="The step, item or turn that runs again, with all that follows from it.",
)
@click.option(
    "--set",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for an input; what reads it runs again too.",
)
@click.option("--pinned", is_flag=True, help="Use the file as it was, whatever it says now.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken over.")
@options.park_option
@options.store_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, run: str, start: str, **given: Any) -> None:
    """Begin a new run in the middle of an old one.

    The results of the steps before PATH are taken over; PATH itself runs again, and so does what
    needs it, what the file says differently now, and what did not succeed. The old run stays as it
    is.
    """
    from ciranda.cli.given import given_inputs
    from ciranda.cli.history import found_run
    from ciranda.cli.perform import Performance
    from ciranda.cli.result import print_result
    from ciranda.runs.rerun import rerun_of

    inputs = given_inputs(given["inputs"], option="--set")
    old = found_run(given["store"], run)
    performance = Performance(
        store=given["store"], durability=None, backend=given["backend"], quiet=given["quiet"]
    )

    async def order(engine: Any) -> Any:
        found = rerun_of(engine, old, start, inputs=inputs, pinned=given["pinned"])
        if not given["quiet"]:
            _tell(found)
        return await engine.rerun(found, park=given["park"])

    if given["dry_run"]:
        _only_tell(old, start, inputs, given)
        return
    result, code = performance(order)
    if result is not None:
        print_result(result, given["form"], performance.errors)
    ctx.exit(code)


def _only_tell(old: str, start: str, inputs: dict[str, Any], given: dict[str, Any]) -> None:
    import anyio

    from ciranda.cli.values import as_json
    from ciranda.engine import Engine
    from ciranda.runs.rerun import rerun_of

    async def look() -> Rerun:
        async with Engine(store=given["store"]) as engine:
            return rerun_of(engine, old, start, inputs=inputs, pinned=given["pinned"])

    found = anyio.run(look, backend=given["backend"])
    if given["form"] == "json":
        shown = {"run": found.row.id, "kept": found.reuse.kept, "again": found.reuse.again}
        screen.out(as_json(shown))
        return
    for line in _lines(found):
        screen.out(line)


def _tell(found: Rerun) -> None:
    for line in _lines(found):
        screen.say(line)


def _lines(found: Rerun) -> list[str]:
    kept = ", ".join(found.reuse.kept[:_SHOWN]) or "nothing"
    if len(found.reuse.kept) > _SHOWN:
        kept += f", and {len(found.reuse.kept) - _SHOWN} more"
    return [
        f"taken over from run {found.row.id}: {kept}",
        *(f"runs again: {path}, {reason}" for path, reason in found.reuse.again.items()),
    ]
