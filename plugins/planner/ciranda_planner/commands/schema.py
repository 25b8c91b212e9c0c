"""`ciranda planner schema`."""

from __future__ import annotations

import click

from ciranda.cli import completing, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command("schema", epilog=examples("ciranda planner schema -o plan.schema.json"))
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    shell_complete=completing.files,
    help="Where to write it.  [default: standard output]",
)
def command(output: str) -> None:
    """Print the JSON Schema of plan files, for editors.

    An editor with a YAML language server completes and checks a plan whose first line is
    `# yaml-language-server: $schema=plan.schema.json`.
    """
    from ciranda.cli.values import as_json
    from ciranda.cli.written import write

    from ..schema import plan_schema

    write(output, f"{as_json(plan_schema())}\n")
    if output != "-":
        screen.say(f"wrote {output}")
