"""Options on what a script may take; what is left out is as the settings say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from ..settings import LEVELS

__all__ = ["caps", "options", "room"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_LONGEST: Final = 1e9  # seconds; what event loops can wait for
_MOST_OUTPUT: Final = 1 << 30
_MOST_MEMORY: Final = 1 << 20
_MOST_PROCESSES: Final = 1 << 15
_MOST_FILES: Final = 1 << 24


def _finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 < value <= _LONGEST):
        raise click.BadParameter("it must be seconds above 0, such as 30", ctx, param)
    return value


_output = (
    click.option(
        "--timeout",
        type=float,
        metavar="S",
        callback=_finite,
        help="Seconds it has.  [default: 30]",
    ),
    click.option(
        "--max-output",
        type=click.IntRange(0, _MOST_OUTPUT),
        metavar="BYTES",
        help="Kept of each of its streams.  [default: 1 MiB]",
    ),
)
_folder = (
    click.option(
        "--folder-mb",
        type=click.IntRange(1, _MOST_MEMORY),
        metavar="N",
        help="MiB that it may keep in its private folder.  [default: 256]",
    ),
    click.option(
        "--folder-files",
        type=click.IntRange(1, _MOST_FILES),
        metavar="N",
        help="Files and folders that it may keep there.  [default: 10000]",
    ),
)
_caps = (
    click.option(
        "--memory-mb",
        type=click.IntRange(1, _MOST_MEMORY),
        metavar="N",
        help="MiB of all its processes together.  [default: 256]",
    ),
    click.option(
        "--max-processes",
        type=click.IntRange(1, _MOST_PROCESSES),
        metavar="N",
        help="At a time.  [default: 32]",
    ),
    click.option(
        "--require-sandbox",
        type=click.Choice(LEVELS),
        help="Refuse to run in a weaker sandbox than this.  [default: L0]",
    ),
)


def options(function: Decorated) -> Decorated:
    """Add the options."""
    for each in reversed((*_output, *_caps)):
        function = each(function)
    return function


def room(function: Decorated) -> Decorated:
    """Add those on the private folder."""
    for each in reversed(_folder):
        function = each(function)
    return function


def caps(function: Decorated) -> Decorated:
    """Add those that cases do not say themselves."""
    for each in reversed(_caps):
        function = each(function)
    return function
