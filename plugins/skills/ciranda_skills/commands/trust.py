"""`ciranda skills trust`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]

_SHORT = 12  # digits of a digest that people compare


@click.command(
    "trust",
    epilog=examples(
        "ciranda skills trust report",
        "ciranda skills trust --revoke report",
        "ciranda skills trust",
    ),
)
@click.argument("names", metavar="[NAME...]", nargs=-1, callback=options.not_empty)
@click.option("--revoke", is_flag=True, help="Take the trust back.")
@options.json_option
def command(names: tuple[str, ...], revoke: bool, form: str) -> None:
    """Let skills of this project run, as their files are now; without a name, list who may.

    A skill that is edited or updated afterwards needs to be trusted again. Skills of the user
    and those that come with ciranda need no trust.
    """
    from ciranda.cli.runs import local
    from ciranda.cli.values import as_json, table

    from ..digest import digest
    from .opening import shelf

    known = shelf()
    if not names and revoke:
        raise click.UsageError("say which skills: `ciranda skills trust --revoke NAME`")
    if not names:
        grants = known.trust.grants()
        if form == "json":
            screen.out(as_json(grants))
        else:
            rows = [
                (each.name, each.digest[:_SHORT], local(each.at), each.folder) for each in grants
            ]
            for line in table(("skill", "digest", "since", "folder"), rows):
                screen.out(line)
        return
    catalogue = known.catalogue()
    changed = []
    for entry in [catalogue.get(name) for name in names]:  # all of them are there, or none is done
        root = entry.heading.root
        if revoke:
            content = digest(root)
            said = "not trusted any more" if known.trust.revoke(content) else "was not trusted"
        else:
            content = known.trust.grant(root, entry.name).digest
            said = f"trusted as it is now, in {entry.folder}"
        changed.append({"name": entry.name, "digest": content, "trusted": not revoke})
        if form != "json":
            screen.out(f"{entry.name}: {said}")
    if form == "json":
        screen.out(as_json(changed))
