"""`ciranda completion`."""

from __future__ import annotations

import click

from ciranda.cli import screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "completion",
    epilog=examples(
        "ciranda completion bash >> ~/.bashrc",
        "ciranda completion zsh >> ~/.zshrc",
        "ciranda completion fish > ~/.config/fish/completions/ciranda.fish",
    ),
)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the shell code that completes commands.

    SHELL is bash, zsh or fish.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # the three of the choice are click's own
    root = ctx.find_root().command
    screen.raw(kind(root, {}, "ciranda", "_CIRANDA_COMPLETE").source())
