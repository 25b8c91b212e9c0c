"""`ciranda skills list`."""

from __future__ import annotations

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "list",
    epilog=examples(
        "ciranda skills list",
        "ciranda skills list ~/src/skills -o json",
    ),
)
@click.argument(
    "roots",
    metavar="[ROOT...]",
    nargs=-1,
    callback=options.not_empty,
    shell_complete=completing.folders,
)
@options.json_option
def command(roots: tuple[str, ...], form: str) -> None:
    """List the skills there are: of the project, of the user, and those that come with ciranda.

    With folders, list what is in these instead. Nothing of a skill is run.
    """
    from pathlib import Path

    from ciranda.cli.values import as_json, table

    from .listing import listed
    from .opening import shelf

    found = shelf()
    catalogue = found.catalogue(map(Path, roots))
    rows = [listed(entry, found) for entry in catalogue.entries]
    if form == "json":
        screen.out(as_json(rows))
    elif rows:
        titles = ("skill", "scope", "", "description")
        cells = [
            (row["name"], row["scope"], "" if row["trusted"] else "not trusted", row["description"])
            for row in rows
        ]
        for line in table(titles, cells):
            screen.out(line)
    else:
        screen.say("there are no skills here")
    for reading in catalogue.skipped:
        said = "; ".join(reading.messages[kind] for kind in reading.fatal)
        screen.warn(f"{reading.path} is left out: {said}")
    for sentence in catalogue.warnings:
        screen.warn(sentence)
