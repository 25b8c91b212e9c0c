"""`ciranda schema`."""

from __future__ import annotations

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command", "schema_text", "tests_text"]


@click.command(
    "schema",
    epilog=examples(
        "ciranda schema -o workflow.schema.json",
        "ciranda schema flow.yaml -o workflow.schema.json",
        "ciranda schema --tests -o tests.schema.json",
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
@click.option("--tests", is_flag=True, help="The schema of test files, for `ciranda test`.")
def command(files: tuple[str, ...], target: str, tests: bool) -> None:
    """Print the JSON Schema of workflow files, for editors.

    It knows the actions of all plugins that are built in or enabled, and of the inline plugins
    that the FILEs name. An editor with a YAML language server reads it from a first line such as
    `# yaml-language-server: $schema=workflow.schema.json`.
    """
    from ciranda.cli.written import write

    if tests and files:
        raise click.UsageError("`--tests` takes no FILE: test files have one schema")
    write(target, tests_text() if tests else schema_text(files))
    if target != "-":
        screen.say(f"wrote {target}")


def tests_text() -> str:
    """Return the schema of test files."""
    from ciranda.cli.values import as_json
    from ciranda.trials.schema import schema_of_tests

    return as_json(schema_of_tests()) + "\n"


def schema_text(files: tuple[str, ...] = ()) -> str:
    """Return the schema, with the actions that files bring along.

    Raises:
        WorkflowError: A file is no workflow.
        PluginError: A plugin that one names cannot be used.
    """
    from ciranda.cli.installed import with_those_of
    from ciranda.cli.values import as_json
    from ciranda.workflow.schema import workflow_schema

    plugins = with_those_of(files)
    return as_json(workflow_schema(plugins.actions, plugins.triggers.values())) + "\n"
