"""`ciranda skills update`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .install import user_option

__all__ = ["command"]


@click.command(
    "update",
    epilog=examples(
        "ciranda skills update --look",
        "ciranda skills update report",
    ),
)
@click.argument("names", metavar="[NAME...]", nargs=-1, callback=options.not_empty)
@click.option("--look", is_flag=True, help="Only tell what would change.")
@click.option("--force", is_flag=True, help="Also where it was edited; that version is kept.")
@user_option
@options.json_option
@click.pass_context
def command(
    ctx: click.Context, names: tuple[str, ...], look: bool, force: bool, user: bool, form: str
) -> None:
    """Fetch installed skills again from where they came from; all of them without a name."""
    from ..error import SkillError
    from .changes import tell
    from .opening import registry

    place = registry(user=user)
    done, failed = [], False
    for name in names or [record.folder for record in place.records()]:
        try:
            done.append(place.update(name, look=look, force=force))
        except SkillError as error:
            failed = True
            screen.error(str(error))
    tell(done, form)
    if failed:
        ctx.exit(Exit.USAGE)
