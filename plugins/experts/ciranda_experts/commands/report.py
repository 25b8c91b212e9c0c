"""`ciranda experts report`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "report",
    epilog=examples(
        "ciranda experts report council.html",
        "ciranda experts report - > council.html",
    ),
)
@click.argument("file", metavar="FILE.html", callback=options.not_empty)
@options.store_option
def command(file: str, store: str | None) -> None:
    """Write a page about the council, with the reliability of each expert."""
    from pathlib import Path

    from ciranda.cli.written import write

    from .books import books

    folder = Path(file).parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder}")
    with books(store) as opened:
        page = opened.page()
    write(file, page)
    if file != "-":
        screen.out(f"wrote {file}")
