"""`ciranda skills serve`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

from . import limits

__all__ = ["command"]


@click.command(
    "serve",
    epilog=examples(
        "ciranda skills serve --mcp",
        "ciranda skills serve --mcp --http 127.0.0.1:8123",
        "ciranda skills serve --mcp ~/src/skills --require-sandbox L2",
    ),
)
@click.argument(
    "roots",
    metavar="[ROOT...]",
    nargs=-1,
    callback=options.not_empty,
    shell_complete=completing.folders,
)
@click.option("--mcp", is_flag=True, required=True, help="Speak the Model Context Protocol.")
@click.option("--http", metavar="HOST:PORT", help="Over HTTP.  [default: stdin and stdout]")
@click.option("--origin", metavar="URL", multiple=True, help="A page that may use it over HTTP.")
@click.option("--slots", type=click.IntRange(1, 1000), default=8, help="Calls at a time.")
@limits.options
@click.option("--network", is_flag=True, help="Let scripts open internet sockets.")
def command(roots: tuple[str, ...], **given: Any) -> None:
    """Offer skills to MCP clients: their scripts as tools, their files to read.

    Skills of the project are offered when they are trusted; folders that you name are offered
    as they are. Over HTTP beyond this machine, clients need the token in the environment
    variable CIRANDA_SKILLS_TOKEN. Needs the extra `ciranda[mcp]`.
    """
    from .serving import serve

    serve(roots, given)
