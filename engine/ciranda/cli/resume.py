"""`ciranda resume`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import EXIT_CODES, examples

if TYPE_CHECKING:
    from ciranda.cli.perform import Performance
    from ciranda.runs.outcome import RunResult

__all__ = ["command"]


@click.command(
    "resume",
    epilog=examples(
        "ciranda resume last",
        "ciranda resume 01k4 -i token=@token.txt",
        "ciranda resume --due",
    )
    + EXIT_CODES,
)
@click.argument(
    "run",
    metavar="[RUN]",
    required=False,
    callback=options.not_empty,
    shell_complete=completing.runs,
)
@click.option(
    "--due", is_flag=True, help="Go on with every parked run that can, one after the other."
)
@options.input_option("A secret input once more: the store never holds secrets.")
@options.park_option
@options.store_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, run: str | None, **given: Any) -> None:
    """Go on with a run that failed, was interrupted or is parked.

    RUN is the run's id, a start of it that is unambiguous, or `last`. Steps that succeeded are not
    repeated; the workflow file and inline plugins are used as they were when the run began. With
    `--due` instead, every parked run goes on whose time has come or that got a message, until it
    waits again.
    """
    from ciranda.cli.given import given_inputs

    if (run is None) != given["due"]:
        raise click.UsageError("name the RUN to go on with, or write `--due`: one of the two", ctx)
    inputs = given_inputs(given["inputs"])
    if run is None:
        if inputs:
            raise click.UsageError("`--due` takes no inputs: name the run that needs them", ctx)
        _all_due(ctx, given)
        return
    from ciranda.cli.history import found_run
    from ciranda.cli.result import print_result

    performance = _performance(given, quiet=given["quiet"])
    performance.resume.extend(word for name in inputs for word in ("-i", f"{name}=..."))
    named = found_run(given["store"], run)
    result, code = _resumed(performance, named, inputs, park=given["park"])
    if result is not None:
        print_result(result, given["form"], performance.errors)
    ctx.exit(code)


def _all_due(ctx: click.Context, given: Mapping[str, Any]) -> None:
    from ciranda.cli.due import resume_due

    def perform(run: str) -> tuple[RunResult | None, int]:
        return _resumed(_performance(given, quiet=True), run, {}, park=True)

    ctx.exit(resume_due(given["store"], perform, form=given["form"]))


def _performance(given: Mapping[str, Any], *, quiet: bool) -> Performance:
    from ciranda.cli.perform import Performance

    return Performance(store=given["store"], durability=None, backend=given["backend"], quiet=quiet)


def _resumed(
    performance: Performance, run: str, inputs: Mapping[str, Any], *, park: bool
) -> tuple[RunResult | None, int]:
    async def order(engine: Any) -> Any:
        performance.prime(engine.log, run)
        return await engine.resume(run, inputs=inputs, park=park)

    return performance(order)
