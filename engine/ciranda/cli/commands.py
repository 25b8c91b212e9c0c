"""The commands by name; a command's file is imported when it is called, not to list it.

Plugins add commands of their own, which stand below the plugin's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["SUMMARIES", "Commands", "Subcommands", "ciranda"]

# In the order of a newcomer's needs. The texts are those of the commands: a test compares them.
SUMMARIES: Final[Mapping[str, str]] = {
    "init": "Write a small commented workflow to start from.",
    "run": "Run a workflow and print its outputs.",
    "validate": "Check workflow files without running anything.",
    "plan": "Show what a run would do, and run nothing.",
    "test": "Run the cases of test files, with stand-ins and in virtual time.",
    "resume": "Go on with a run that failed, was interrupted or is parked.",
    "rerun": "Begin a new run in the middle of an old one.",
    "runs": "List the runs of this project, newest first.",
    "show": "Show what became of a run, step by step.",
    "explain": "Tell why a step of a run ran, waited, failed or was skipped.",
    "logs": "Print what the steps of a run printed.",
    "trace": "Draw where the time of a run went.",
    "graph": "Draw which step of a workflow waits for which, and what is inside of steps.",
    "approve": "Say yes to a step that waits for approval.",
    "reject": "Say no to a step that waits for approval.",
    "emit": "Tell runs that something happened.",
    "serve": "Begin runs by triggers and go on with parked ones, until asked to end.",
    "event": "Begin by hand the run that a trigger would begin for an event.",
    "cancel": "Ask a run of another process to stop.",
    "eval": "Evaluate an expression.",
    "actions": "List the actions that steps can use, or explain one.",
    "plugins": "List installed plugins, or enable one.",
    "plugin": "Begin a plugin of your own, or check one.",
    "docs": "Show what a plugin offers: settings, actions, layers, triggers, hooks, commands.",
    "schema": "Print the JSON Schema of workflow files, for editors.",
    "doctor": "Check this installation and project.",
    "completion": "Print the shell code that completes commands.",
}


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table, then those of plugins."""
        return list(_all_summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; each file has it under the name `command`."""
        if cmd_name not in SUMMARIES:
            from ciranda.cli.contributed import command_of

            return command_of(cmd_name)
        found: click.Command = import_module(f"ciranda.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or say which one was meant."""
        name = args[0]
        if name in SUMMARIES or name.startswith("-"):
            return super().resolve_command(ctx, args)
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        from ciranda.workflow.nearest import nearest  # only a mistake needs it

        meant = nearest(name, _all_summaries())
        if meant is None and name.endswith((".yaml", ".yml")):
            hint = f"to run the file: `ciranda run {name}`"
        else:
            hint = f"did you mean `{meant}`?" if meant else "`ciranda --help` lists them"
        raise click.UsageError(f"there is no command `{name}`; {hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table and from metadata, which imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_all_summaries().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names from the table, which imports nothing."""
        from click.shell_completion import CompletionItem

        names = _all_summaries().items()
        found = [CompletionItem(name, help=text) for name, text in names]
        return [
            *(item for item in found if item.value.startswith(incomplete)),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]


def _all_summaries() -> dict[str, str]:
    from ciranda.cli.contributed import summaries

    return {**SUMMARIES, **{key: text for key, text in summaries().items() if key not in SUMMARIES}}


class Subcommands(click.Group):
    """The commands below a command that also does something by itself."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or say which one was meant."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            from ciranda.workflow.nearest import nearest

            known = ", ".join(f"`{ctx.command_path} {one}`" for one in self.commands)
            meant = nearest(name, self.commands)
            hint = f"did you mean `{ctx.command_path} {meant}`?" if meant else f"there is {known}"
            raise click.UsageError(f"there is no command `{ctx.command_path} {name}`; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: Any) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"ciranda {version('ciranda')}")
    ctx.exit()


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `ciranda init`, then `ciranda run workflow.yaml`.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version and leave.",
)
def ciranda() -> None:
    """Run workflows: YAML files whose steps form a graph.

    Every run is kept: a run that failed, or whose process was killed, goes on with
    `ciranda resume last`.
    """
