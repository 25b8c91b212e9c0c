"""`ciranda resume`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import options
from ciranda.cli.teaching import EXIT_CODES, examples

__all__ = ["command"]


@click.command(
    "resume",
    epilog=examples(
        "ciranda resume last",
        "ciranda resume 01k4 -i token=@token.txt",
    )
    + EXIT_CODES,
)
@options.run_argument
@options.input_option("A secret input once more: the store never holds secrets.")
@options.store_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, run: str, **given: Any) -> None:
    """Go on with a run that failed or was interrupted.

    RUN is the run's id, a start of it that is unambiguous, or `last`. Steps that succeeded are not
    repeated; the workflow file and inline plugins are used as they were when the run began.
    """
    from ciranda.cli.given import given_inputs
    from ciranda.cli.history import found_run
    from ciranda.cli.perform import Performance
    from ciranda.cli.result import print_result

    inputs = given_inputs(given["inputs"])
    run = found_run(given["store"], run)
    performance = Performance(
        store=given["store"], durability=None, backend=given["backend"], quiet=given["quiet"]
    )
    performance.resume.extend(word for name in inputs for word in ("-i", f"{name}=..."))

    async def order(engine: Any) -> Any:
        performance.prime(engine.log, run)
        return await engine.resume(run, inputs=inputs)

    result, code = performance(order)
    if result is not None:
        print_result(result, given["form"], performance.places)
    ctx.exit(code)
