"""`ciranda skills versions`, `rollback` and `remove`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

from .install import user_option

__all__ = ["remove", "rollback", "versions"]

_name = click.argument("name", metavar="NAME", callback=options.not_empty)
_SHORT = 12  # digits of a digest that people compare


@click.command("versions", epilog=examples("ciranda skills versions report"))
@_name
@user_option
@options.json_option
def versions(name: str, user: bool, form: str) -> None:
    """List what an installed skill is and was, the current version first."""
    from ciranda.cli.runs import local
    from ciranda.cli.values import as_json, table

    from .changes import plain_version
    from .opening import registry

    found = registry(user=user).versions(name)
    if form == "json":
        screen.out(as_json([plain_version(each) for each in found]))
        return
    rows = [
        (each.digest[:_SHORT], each.version or "-", local(each.at), each.commit[:_SHORT])
        for each in found
    ]
    for line in table(("digest", "version", "fetched", "commit"), rows):
        screen.out(line)


@click.command("rollback", epilog=examples("ciranda skills rollback report"))
@_name
@click.argument("digest", metavar="[DIGEST]", default="")
@user_option
@options.json_option
def rollback(name: str, digest: str, user: bool, form: str) -> None:
    """Bring a former version of an installed skill back: the last, or that of a digest."""
    from .changes import tell
    from .opening import registry

    tell([registry(user=user).rollback(name, digest)], form)


@click.command("remove", epilog=examples("ciranda skills remove report"))
@_name
@click.option("--force", is_flag=True, help="Also where it was edited.")
@user_option
def remove(name: str, force: bool, user: bool) -> None:
    """Remove an installed skill with its former versions, and the trust in what lay there."""
    import os
    from pathlib import Path

    from .opening import registry, shelf

    place = registry(user=user)
    # Real before it is removed: trust is given to real paths.
    folder = Path(os.path.realpath(place.folder)) / place.find(name).folder
    record = place.remove(name, force=force)
    screen.out(f"{record.name}: removed from {place.folder / record.folder}")
    if shelf().trust.revoke_at(folder):
        screen.out(f"{record.name}: not trusted any more")
