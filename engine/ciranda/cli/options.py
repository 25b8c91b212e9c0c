"""Options that several commands have, with one wording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ciranda.cli import completing

__all__ = [
    "backend_option",
    "durability_option",
    "input_option",
    "json_option",
    "not_empty",
    "park_option",
    "quiet_option",
    "run_argument",
    "store_option",
]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]


def store_option(function: Decorated) -> Decorated:
    """Add `--store`."""
    return click.option(
        "--store",
        metavar="FOLDER",
        shell_complete=completing.folders,
        help="Where runs are kept.  [default: .ciranda of the project]",
    )(function)


def input_option(text: str) -> Callable[[Decorated], Decorated]:
    """Add `-i`."""
    return click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help=text)


def json_option(function: Decorated) -> Decorated:
    """Add `-o json|text`."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        help="How the result is written.  [default: text]",
    )(function)


def quiet_option(function: Decorated) -> Decorated:
    """Add `-q`."""
    return click.option(
        "-q", "--quiet", is_flag=True, help="Say nothing but the result, unless it fails."
    )(function)


def park_option(function: Decorated) -> Decorated:
    """Add `--park`."""
    return click.option(
        "--park",
        is_flag=True,
        help="Leave once all that is open waits for a time, an event or approval.",
    )(function)


def durability_option(function: Decorated) -> Decorated:
    """Add `--durability`."""
    return click.option(
        "--durability",
        type=click.Choice(["power", "process", "off"]),
        help="What a recorded step survives: loss of power, the death of the process, nothing."
        "  [default: power]",
    )(function)


def backend_option(function: Decorated) -> Decorated:
    """Add `--backend`."""
    return click.option(
        "--backend",
        type=click.Choice(["asyncio", "trio"]),
        default="asyncio",
        envvar="CIRANDA_BACKEND",
        hidden=True,
        help="The event loop.",
    )(function)


def run_argument(function: Decorated) -> Decorated:
    """Add the argument RUN."""
    return click.argument("run", metavar="RUN", callback=not_empty, shell_complete=completing.runs)(
        function
    )


def not_empty(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse an empty text, as `"$UNSET"` of a shell gives one; a callback of arguments."""
    if value == "" or (isinstance(value, tuple) and "" in value):
        raise click.UsageError(f"{param.make_metavar(ctx)} is given as an empty text", ctx)
    return value
