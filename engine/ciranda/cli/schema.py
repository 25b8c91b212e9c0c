"""`ciranda schema`."""

from __future__ import annotations

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command", "schema_text"]


@click.command(
    "schema",
    epilog=examples(
        "ciranda schema -o workflow.schema.json",
        "ciranda schema flow.yaml -o workflow.schema.json",
    ),
)
@click.argument(
    "files",
    metavar="[FILE...]",
    nargs=-1,
    callback=options.not_empty,
    shell_complete=completing.files,
)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    default="-",
    shell_complete=completing.files,
    help="Where to write it.",
)
def command(files: tuple[str, ...], target: str) -> None:
    """Print the JSON Schema of workflow files, for editors.

    It knows the actions of all plugins that are built in or enabled, and of the inline plugins
    that the FILEs name. An editor with a YAML language server reads it from a first line such as
    `# yaml-language-server: $schema=workflow.schema.json`.
    """
    from ciranda.cli.written import write

    write(target, schema_text(files))
    if target != "-":
        screen.say(f"wrote {target}")


def schema_text(files: tuple[str, ...] = ()) -> str:
    """Return the schema, with the actions that files bring along.

    Raises:
        WorkflowError: A file is no workflow.
        PluginError: A plugin that one names cannot be used.
    """
    from ciranda.cli.installed import with_those_of
    from ciranda.cli.values import as_json
    from ciranda.workflow.schema import workflow_schema

    return as_json(workflow_schema(with_those_of(files).actions)) + "\n"
