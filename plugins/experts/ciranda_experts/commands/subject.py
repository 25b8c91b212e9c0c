"""Which file is meant."""

from __future__ import annotations

import sys

import click

from ciranda.cli.streams import is_terminal

__all__ = ["named"]


def named(ctx: click.Context, file: str | None) -> str:
    """Return the file as named, `-` for standard input unless that is a keyboard.

    Raises:
        UsageError: None is named, and nothing is piped in.
    """
    if file == "":
        raise click.UsageError("FILE is given as an empty text", ctx)
    if file is None and is_terminal(sys.stdin):
        raise click.UsageError("name a FILE, or pipe an intent in", ctx)
    return "-" if file is None else file
