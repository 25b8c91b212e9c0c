"""`ciranda skills validate`."""

from __future__ import annotations

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "validate",
    epilog=examples(
        "ciranda skills validate my-skill",
        "ciranda skills validate .claude/skills/* --lenient -o json",
    ),
)
@click.argument(
    "folders",
    metavar="DIR...",
    nargs=-1,
    required=True,
    callback=options.not_empty,
    shell_complete=completing.folders,
)
@click.option("--lenient", is_flag=True, help="Ask only whether it can be loaded.")
@options.json_option
@click.pass_context
def command(ctx: click.Context, folders: tuple[str, ...], lenient: bool, form: str) -> None:
    """Check skills against the format, without running anything of them.

    Everything that is wrong is told at once. `errors` is what the format refuses, `warnings` what
    loading puts up with. The exit code is 0 when all are valid, or with --lenient when all load;
    2 when there is none of the folders.
    """
    from pathlib import Path

    from ..error import SkillError
    from ..format import read_skill
    from .verdicts import described, told, unread

    code = Exit.OK
    there = False
    for folder in folders:
        try:
            reading = read_skill(Path(folder))
        except SkillError as error:
            if form == "json":  # a line for each, whatever it is
                screen.out(unread(folder))
            screen.error(str(error))
            code = Exit.FAILED
            continue
        there = True
        screen.out(told(reading, folder) if form == "json" else described(reading, folder, lenient))
        if not (reading.loads if lenient else reading.valid):
            code = code or Exit.FAILED
    ctx.exit(code if there else Exit.USAGE)
