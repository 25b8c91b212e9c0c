"""`ciranda schema`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command", "schema_text"]


@click.command(
    "schema",
    epilog=examples(
        "ciranda schema -o workflow.schema.json",
        "ciranda schema flow.yaml -o workflow.schema.json",
    ),
)
@click.argument("files", metavar="[FILE...]", nargs=-1, callback=options.not_empty)
@click.option("-o", "--output", "target", metavar="FILE", default="-", help="Where to write it.")
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
    from pathlib import Path

    from ciranda.cli.installed import all_plugins
    from ciranda.cli.values import as_json
    from ciranda.workflow.load import load
    from ciranda.workflow.schema import workflow_schema

    plugins = all_plugins()
    for file in files:
        plugins.load(declared=load(file).plugins, folder=Path(file).parent)
    return as_json(workflow_schema(plugins.actions)) + "\n"
