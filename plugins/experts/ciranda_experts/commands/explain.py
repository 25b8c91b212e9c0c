"""`ciranda experts explain`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "explain",
    epilog=examples(
        "ciranda experts explain transfer.yaml",
        "ciranda experts verify transfer.yaml -o json | ciranda experts explain --check",
    ),
)
@click.argument("file", metavar="[FILE|-]", required=False, shell_complete=completing.files)
@click.option("--check", is_flag=True, help="Check the proof again, trusting nothing it says.")
@options.store_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, **given: Any) -> None:
    """Say in words what was proved, or what speaks against it.

    FILE holds a judgement as `ciranda experts verify -o json` prints it, or an intent, which is
    judged first: no transaction is spent by that, and nothing is recorded. With --check the exit
    code is 1 if a proof does not hold or there is none.
    """
    from .explanation import Explanation
    from .subject import named

    explanation = Explanation(file=named(ctx, file), check=given["check"], store=given["store"])
    ctx.exit(explanation.run(given["backend"]))
