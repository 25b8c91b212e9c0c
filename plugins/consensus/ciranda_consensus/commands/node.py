"""`ciranda consensus node`."""

from __future__ import annotations

from typing import Any

import click

from ciranda.cli import completing, options
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "node",
    epilog=examples(
        "ciranda consensus node net/0",
        "ciranda consensus node /etc/ciranda/node.toml -o json",
    ),
)
@click.argument(
    "file", metavar="FILE|FOLDER", callback=options.not_empty, shell_complete=completing.files
)
@options.json_option
@options.backend_option
def command(file: str, **given: Any) -> None:
    """Run one validator until it is told to stop.

    FILE is the `node.toml` that `ciranda consensus init` wrote, FOLDER where it lies. Blocks that
    are agreed on, and evidence against other validators, are printed as they come.
    """
    from pathlib import Path

    from .founding import SETTINGS
    from .running import Running

    path = Path(file)
    if path.is_dir():
        path /= SETTINGS
    Running(path, as_lines=given["form"] == "json").run(given["backend"])
