"""`ciranda plan`."""

from __future__ import annotations

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "plan",
    epilog=examples(
        "ciranda plan flow.yaml",
        "ciranda plan flow.yaml -i n=3 -o json | jq .critical",
    ),
)
@click.argument("file", metavar="FILE", callback=options.not_empty, shell_complete=completing.files)
@options.input_option("An input; `@file` stands for the text of a file, `@-` for standard input.")
@click.option(
    "--inputs-file",
    metavar="FILE",
    shell_complete=completing.files,
    help="A YAML or JSON file of inputs; -i wins.",
)
@options.store_option
@options.json_option
def command(
    file: str, inputs: tuple[str, ...], inputs_file: str | None, store: str | None, form: str
) -> None:
    """Show what a run would do, and run nothing.

    Steps stand in the order of their levels, with what they need, the conditions that are known
    already, the number of items, what the cache would answer, and how long they took before.
    """
    from ciranda.cli.dryrun import dry_run
    from ciranda.cli.given import given_inputs

    dry_run(file, given_inputs(inputs, inputs_file), form=form, store=store)
