"""`ciranda skills run`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import options
from ciranda.cli.teaching import examples

from . import limits

__all__ = ["command"]

_EXIT_CODES = """

\b
Exit codes:
  0 the script went well, 1 it did not, 2 there is no such skill or script, or the arguments are
  at fault, 6 the sandbox would be weaker than required, 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM"""


@click.command(
    "run",
    epilog=examples(
        "ciranda skills run csv-profile --stdin @sales.csv",
        "ciranda skills run ./my-skill --script scripts/report.py -- --year 2026",
        "ciranda skills run ./my-skill --timeout 5 --require-sandbox L2 -o json",
    )
    + _EXIT_CODES,
)
@click.argument("target", metavar="DIR|NAME", callback=options.not_empty)
@click.argument("args", metavar="[-- ARGS...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--script", metavar="P", help="Which of its scripts.  [default: the main one]")
@click.option("--stdin", metavar="@FILE|-|TEXT", help="What it reads.  [default: nothing]")
@click.option("--params", metavar="JSON", help="Its parameters by name: an object, or `@file`.")
@click.option("--env", metavar="NAME=VALUE", multiple=True, help="A variable it gets.")
@limits.options
@limits.room
@click.option("--network", is_flag=True, help="Let it open internet sockets.")
@click.option("--install", is_flag=True, help="Let uv install what the script says it needs.")
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, target: str, args: tuple[str, ...], **given: Any) -> None:
    """Run a script of a skill in a sandbox.

    A folder that you name is run as it is, even where its SKILL.md breaks a rule; of a name, the
    skills of the project, the user and ciranda itself are searched, and those of a project
    need `ciranda skills trust` first. When it ends, nothing that it started is alive.
    """
    from .performance import Performance
    from .wishes import wishes_of

    ctx.exit(Performance(wishes_of(target, args, given)).run(given["backend"]))
