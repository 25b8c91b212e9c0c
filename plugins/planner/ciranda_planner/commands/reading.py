"""A plan as the command line is given it: a file, and options that win."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.cli.values import as_json

from ..answering import fault_answer
from ..faults import PlanError
from ..plan import Plan
from ..reading import Defaults, read_plan

__all__ = ["given_plan", "refused", "worker_options"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def worker_options(function: Decorated) -> Decorated:
    """Add `--workers` and `--cpu-workers`."""
    count = click.IntRange(min=1)
    function = click.option(
        "--cpu-workers", type=count, metavar="N", help="Cpu tasks at once, at most."
    )(function)
    return click.option("--workers", type=count, metavar="N", help="Tasks at once, at most.")(
        function
    )


def given_plan(file: str, given: dict[str, Any]) -> Plan:
    """Return the plan in a file, with the options of the command.

    Raises:
        PlanError: All that is wrong with it.
    """
    defaults = Defaults(workers=given["workers"], cpu_workers=given["cpu_workers"])
    return read_plan(Path(file), file=file, defaults=defaults)


def refused(ctx: click.Context, error: PlanError, form: str) -> NoReturn:
    """Tell everything that is wrong with a plan and leave with exit code 2."""
    if form == "json":
        screen.out(as_json(fault_answer(error)))
    else:
        for fault in error.faults:
            screen.error(str(fault))
    ctx.exit(Exit.USAGE)
