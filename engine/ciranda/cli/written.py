"""Files that a command writes: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import click

from ciranda.cli import screen

__all__ = ["write"]


def write(file: str, text: str) -> None:
    """Write a file in one step; `-` is standard output, a device or a pipe is written to.

    Raises:
        ClickException: It cannot be written.
    """
    if file == "-":
        screen.raw(text)
        return
    from ciranda.std.atomic import replace_file

    path = Path(file)
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            replace_file(path, text.encode())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise click.ClickException(f"{file} cannot be written: {why.lower()}") from None
