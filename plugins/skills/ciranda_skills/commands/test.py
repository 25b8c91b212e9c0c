"""`ciranda skills test`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import options
from ciranda.cli.teaching import examples

from . import limits

__all__ = ["command"]


@click.command(
    "test",
    epilog=examples(
        "ciranda skills test csv-profile",
        "ciranda skills test ./my-skill --only empty --only unicode -o json",
    ),
)
@click.argument("target", metavar="DIR|NAME", callback=options.not_empty)
@click.option("--only", metavar="CASE", multiple=True, help="Only this case.")
@limits.caps
@click.option("--network", is_flag=True, help="Let it open internet sockets.")
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Run the cases in a skill's `evals/evals.json`, each in a sandbox.

    The exit code is 0 when none failed. Cases that ask a model are counted and not run.
    """
    from .examination import Examination

    ctx.exit(Examination(target, given).run(given["backend"]))
