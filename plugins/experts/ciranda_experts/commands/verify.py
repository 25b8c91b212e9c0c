"""`ciranda experts verify`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

__all__ = ["command"]

_EXIT_CODES = """

\b
Exit codes:
  0 everything was approved, 1 something was not, or nobody read the answers to their end,
  2 a line is no JSON object, a file that is one intent is none that can be judged
    (malformed, empty, unknown-name, limit), or the arguments are at fault,
  130 Ctrl-C, 143 SIGTERM"""


@click.command(
    "verify",
    epilog=examples(
        "ciranda experts verify transfer.yaml",
        "ciranda experts verify payments.jsonl -o json | jq -r .verdict",
        'echo \'{"pre": ["x > 2"], "post": ["x > 1"]}\' | ciranda experts verify -',
    )
    + _EXIT_CODES,
)
@click.argument("file", metavar="[FILE|-]", required=False, shell_complete=completing.files)
@click.option(
    "--experts",
    metavar="NAME,...",
    help="Ask these, in place of those that are mandatory.",
)
@options.store_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, **given: Any) -> None:
    """Judge an intent, or a file with one a line.

    FILE holds YAML, JSON, or text with `guard { ... }` and `verify { ... }`; in a `.jsonl` file,
    and where lines of standard input are JSON objects, each line is an intent. Answers come in
    the order of the input, as soon as they are known.
    """
    from .performance import Performance
    from .subject import named

    performance = Performance(
        file=named(ctx, file),
        experts=given["experts"],
        store=given["store"],
        form=given["form"],
        quiet=given["quiet"],
    )
    ctx.exit(performance.run(given["backend"]))
