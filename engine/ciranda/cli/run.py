"""`ciranda run`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import EXIT_CODES, examples

__all__ = ["command"]


@click.command(
    "run",
    epilog=examples(
        "ciranda run hello.yaml",
        "ciranda run hello.yaml -i name=you -i notes=@notes.txt",
        "ciranda run hello.yaml --inputs-file inputs.yaml -o json | jq .outputs",
        "ciranda run hello.yaml --dry-run",
    )
    + EXIT_CODES,
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
@options.durability_option
@click.option("--dry-run", is_flag=True, help="Show what would run, as `plan` does; run nothing.")
@options.park_option
@options.json_option
@options.quiet_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, file: str, **given: Any) -> None:
    """Run a workflow and print its outputs.

    The result goes to standard output, everything else to standard error. Paths given as inputs
    are relative to the working directory. Ctrl-C stops the steps and keeps the run: `ciranda
    resume last` goes on with it, and with one that is parked.
    """
    from ciranda.cli.given import given_inputs

    inputs = given_inputs(given["inputs"], given["inputs_file"])
    if given["dry_run"]:
        from ciranda.cli.dryrun import dry_run

        dry_run(file, inputs, form=given["form"], store=given["store"])
        return
    if given["park"] and given["durability"] == "off":
        raise click.UsageError("`--park` needs a store: leave out `--durability off`")
    from ciranda.cli.perform import Performance
    from ciranda.cli.result import print_result

    performance = Performance(
        store=given["store"],
        durability=given["durability"],
        backend=given["backend"],
        quiet=given["quiet"],
    )

    async def order(engine: Any) -> Any:
        checked = engine.load(file)
        for name, declared in checked.workflow.inputs.items():
            if declared.type == "secret" and name in inputs:
                performance.resume.extend(("-i", f"{name}=..."))  # the store never holds them
        return await engine.run(checked, inputs=inputs, park=given["park"])

    result, code = performance(order)
    if result is not None:
        print_result(result, given["form"], performance.errors)
    ctx.exit(code)
