"""`ciranda skills install`."""

from __future__ import annotations

import click

from ciranda.cli import options
from ciranda.cli.teaching import examples

__all__ = ["command", "user_option"]

user_option = click.option(
    "--user", is_flag=True, help="For the user, not for the project in this folder."
)


@click.command(
    "install",
    epilog=examples(
        "ciranda skills install ../csv-tools",
        "ciranda skills install skills.zip report chart",
        "ciranda skills install https://example.org/skills.git --ref v1.2 --all",
    ),
)
@click.argument("source", metavar="SOURCE", callback=options.not_empty)
@click.argument("names", metavar="[NAME...]", nargs=-1, callback=options.not_empty)
@click.option("--all", "every", is_flag=True, help="All skills that it holds.")
@click.option("--ref", metavar="REF", default="", help="A branch, a tag or a commit.")
@click.option("--replace", is_flag=True, help="Also what is installed from elsewhere.")
@user_option
@options.json_option
def command(
    *,
    source: str,
    names: tuple[str, ...],
    every: bool,
    ref: str,
    replace: bool,
    user: bool,
    form: str,
) -> None:
    """Install skills from a folder, an archive or a git repository.

    Nothing of them is run, and nothing is trusted: `ciranda skills trust` says that a skill of
    the project may run.
    """
    from ..registry import source_of
    from .changes import tell
    from .opening import registry

    wanted = source_of(source, ref=ref)
    tell(registry(user=user).install(wanted, names, every=every, over=replace), form)
