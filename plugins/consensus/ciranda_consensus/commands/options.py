"""Options that several commands have, with one wording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ciranda.cli import completing

__all__ = ["given_validators", "validators_option"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def validators_option(function: Decorated) -> Decorated:
    """Add `--validators`."""
    return click.option(
        "--validators",
        metavar="N|SET",
        callback=given_validators,
        shell_complete=completing.files,
        help="So many validators in this process, or the file of a set of others."
        "  [default: as the settings say, or 4]",
    )(function)


def given_validators(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Return a number where there is one, else a path; a callback."""
    if value == "":
        raise click.UsageError("`--validators` is given as an empty text", ctx)
    return int(value) if value is not None and value.isdecimal() else value
