"""Options that several commands of the planner have, with one wording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ciranda.cli import completing

from ..tiers import Mode

__all__ = ["html_option", "learn_option", "what_argument", "worker_options"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def worker_options(function: Decorated) -> Decorated:
    """Add `--workers`, `--cpu-workers`, `--tier` and `--mode`."""
    count = click.IntRange(min=1)
    function = click.option(
        "--mode",
        type=click.Choice([str(mode) for mode in Mode]),
        help="How much of its tier the plan uses.",
    )(function)
    function = click.option(
        "--tier", type=int, metavar="N", help="The account's tier: its workers and rate limit."
    )(function)
    function = click.option(
        "--cpu-workers", type=count, metavar="N", help="Cpu tasks at once, at most."
    )(function)
    return click.option("--workers", type=count, metavar="N", help="Tasks at once, at most.")(
        function
    )


def learn_option(function: Decorated) -> Decorated:
    """Add `--learn/--no-learn`."""
    return click.option(
        "--learn/--no-learn",
        default=None,
        help="Estimate tasks by what they took before: all, or none.  [default: those without an"
        " estimate]",
    )(function)


def html_option(function: Decorated) -> Decorated:
    """Add `--html`."""
    return click.option(
        "--html",
        metavar="FILE",
        shell_complete=completing.files,
        help="Write a page that needs nothing else; `-` prints it.",
    )(function)


def what_argument(function: Decorated) -> Decorated:
    """Add the argument WHAT: a plan's file, or a run."""
    from ciranda.cli.options import not_empty

    return click.argument(
        "what",
        metavar="FILE|RUN",
        callback=not_empty,
        shell_complete=completing.files_and_runs,
    )(function)
