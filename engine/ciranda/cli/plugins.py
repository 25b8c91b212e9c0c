"""`ciranda plugins`."""

from __future__ import annotations

from pathlib import Path

import click

from ciranda.cli import options, screen
from ciranda.cli.commands import Subcommands
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "plugins",
    cls=Subcommands,
    invoke_without_command=True,
    epilog=examples(
        "ciranda plugins",
        "ciranda plugins enable slack",
    ),
)
@options.json_option
@click.pass_context
def command(ctx: click.Context, form: str) -> None:
    """List installed plugins, or enable one.

    Nothing of a plugin is imported for this. Plugins of other distributions do nothing until they
    are enabled by name in the `ciranda.toml` of the project.
    """
    if ctx.invoked_subcommand is not None:
        return
    from ciranda.cli.values import as_json, table
    from ciranda.plugins import Plugins
    from ciranda.settings import read_configuration

    found = Plugins(read_configuration(Path.cwd())).listing()
    if form == "json":
        screen.out(
            as_json(
                [
                    {
                        "name": one.name,
                        "standing": one.standing,
                        "distribution": one.distribution,
                        "version": one.version,
                        "always": one.always,
                        "module": one.module,
                    }
                    for one in found
                ]
            )
        )
        return
    rows = [
        (
            one.name,
            str(one.standing),
            f"{one.distribution} {one.version}",
            one.module,
            "in every run" if one.always else "",
        )
        for one in found
    ]
    for line in table(("plugin", "standing", "from", "module", ""), rows):
        screen.out(line)


@command.command(
    "enable",
    epilog=examples(
        "ciranda plugins enable slack",
    ),
)
@click.argument("name", metavar="NAME", callback=options.not_empty)
def enable(name: str) -> None:
    """Let this project use an installed plugin.

    It adds NAME to `enable` below `[plugins]` of the project's `ciranda.toml`, which is made if it
    is missing.
    """
    from ciranda.plugins import Plugins
    from ciranda.settings import SETTINGS_FILE, enable_plugin, read_configuration

    configuration = read_configuration(Path.cwd())
    found = Plugins(configuration).listing()
    known = {one.name: one for one in found}
    if name not in known:
        from ciranda.workflow.nearest import nearest

        meant = nearest(name, known)
        hint = f"did you mean `{meant}`?" if meant else f"try `pip install ciranda-{name}`"
        raise click.ClickException(f"no plugin `{name}` is installed; {hint}")
    if known[name].standing == "built-in":
        screen.say(f"`{name}` is built in and needs no enabling")
        return
    path = configuration.root / SETTINGS_FILE
    if enable_plugin(path, name):
        screen.say(f"`{name}` of {known[name].distribution} is enabled in {path}")
    else:
        screen.say(f"`{name}` is enabled in {path} already")
