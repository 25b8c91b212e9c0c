"""`ciranda markdown`: imported when it is called, not with the plugin."""

from __future__ import annotations

from pathlib import Path

import click

from .actions import contents

__all__ = ["command"]


@click.group("markdown")
def command() -> None:
    """Look at Markdown files."""


@command.command("contents")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show_contents(file: Path) -> None:
    """Print the table of contents of FILE."""
    click.echo(contents(file.read_text("utf-8"))["table"])
