"""`ciranda skills search`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "search",
    epilog=examples(
        "ciranda skills search csv columns",
        "ciranda skills search --installed -o json",
    ),
)
@click.argument("words", metavar="[WORD...]", nargs=-1)
@click.option("--installed/--not-installed", default=None, help="Only those that were, or not.")
@click.option("--tool", metavar="TOOL", default="", help="Only those that ask for this tool.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="At most.  [default: 20]")
@options.json_option
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    installed: bool | None,
    tool: str,
    limit: int,
    form: str,
) -> None:
    """Find skills by words in their names and descriptions, the best first.

    The exit code is 1 when nothing fits.
    """
    from ciranda.cli.exits import Exit
    from ciranda.cli.values import as_json, table

    from ..registry import find_skills
    from .opening import registry, shelf

    hits = find_skills(
        shelf().catalogue(),
        " ".join(words),
        registries=[registry(user=False), registry(user=True)],
        installed=installed,
        tool=tool,
        limit=limit,
    )
    if form == "json":
        rows = [
            {
                "name": hit.name,
                "description": hit.description,
                "path": str(hit.folder),
                "scope": hit.scope.value,
                "score": round(hit.score, 4),
                "version": hit.version,
                "installed": hit.installed is not None,
            }
            for hit in hits
        ]
        screen.out(as_json(rows))
    elif hits:
        cells = [(hit.name, hit.scope.value, hit.description) for hit in hits]
        for line in table(("skill", "scope", "description"), cells):
            screen.out(line)
    else:
        screen.say("no skill fits")
    if not hits:
        ctx.exit(Exit.FAILED)
