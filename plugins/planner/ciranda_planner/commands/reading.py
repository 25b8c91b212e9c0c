"""A plan as the command line is given it: a file, and options that win."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.cli.values import as_json
from ciranda.settings import read_configuration

from ..answering import fault_answer
from ..faults import Fault, FaultKind, PlanError
from ..plan import Plan
from ..reading import read_plan
from ..settings import PlannerSettings

__all__ = ["given_plan", "refused", "worker_options"]

_GOALS: Final = frozenset({".md", ".markdown", ".txt"})
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


def given_plan(file: str, given: dict[str, Any], *, executable: bool = False) -> Plan:
    """Return the plan in a file, with the options of the command.

    Args:
        file: A plan, or a goal in Markdown, whose file patterns look in its folder.
        given: The options.
        executable: Whether a task of a goal whose work nobody named is a fault.

    Raises:
        PlanError: All that is wrong with it.
        SettingsError: The project's settings do not fit.
    """
    if Path(file).suffix.lower() in _GOALS:
        return _planned_goal(file, given, executable)
    known = read_configuration(Path.cwd()).read(PlannerSettings)
    defaults = known.defaults(workers=given["workers"], cpu_workers=given["cpu_workers"])
    return read_plan(Path(file), file=file, defaults=defaults)


def _planned_goal(file: str, given: dict[str, Any], executable: bool) -> Plan:
    from ..decomposing import Goal, plan_by_rules

    path = Path(file)
    fields = {"max_workers": given["workers"], "cpu_workers": given["cpu_workers"]}
    try:
        goal = Goal(text=path.read_text(encoding="utf-8"), folder=path.parent)
        return plan_by_rules(goal, fields=fields, executable=executable).plan
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        fault = Fault(FaultKind.INVALID_FILE, "", f"`{file}` cannot be read: {why}")
        raise PlanError([fault]) from None
    except PlanError as error:
        raise PlanError([replace(fault, file=file) for fault in error.faults]) from None


def refused(ctx: click.Context, error: PlanError, form: str) -> NoReturn:
    """Tell everything that is wrong with a plan and leave with exit code 2."""
    if form == "json":
        screen.out(as_json(fault_answer(error)))
    else:
        for fault in error.faults:
            screen.error(str(fault))
    ctx.exit(Exit.USAGE)
