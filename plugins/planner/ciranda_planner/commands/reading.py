"""A plan as the command line is given it: a file, and options that win."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.settings import read_configuration

from ..faults import Fault, FaultKind, PlanError
from ..plan import MARK, Plan
from ..settings import PlannerSettings
from ..wordless import wordless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..schedule import Schedule
    from ..workbench import Workbench

__all__ = ["given_plan", "is_file", "known_settings", "planned", "refusing", "without_file_options"]

_OF_FILES: Final = {
    "workers": "--workers",
    "cpu_workers": "--cpu-workers",
    "tier": "--tier",
    "mode": "--mode",
    "learn": "--learn",
    "waves": "--waves",
}
_GOALS: Final = frozenset({".md", ".markdown", ".txt"})


def known_settings() -> PlannerSettings:
    """Return what the project says about plans.

    Raises:
        SettingsError: They do not fit.
    """
    return read_configuration(Path.cwd()).read(PlannerSettings)


def is_file(what: str) -> bool:
    """Say whether a word of the command line is a plan's file rather than a run."""
    path = Path(what)
    return bool(path.suffix) or "/" in what or path.exists()


def without_file_options(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Refuse options that say how a file is planned, where a run is named that has its plan.

    Raises:
        UsageError: There is one.
    """
    for name, option in _OF_FILES.items():
        if given.get(name) not in (None, False) or (name == "learn" and given.get(name) is False):
            raise click.UsageError(f"`{option}` goes with a FILE: a run has its plan", ctx)


def given_plan(
    file: str,
    given: Mapping[str, Any],
    *,
    executable: bool = False,
    bench: Workbench | None = None,
) -> Plan:
    """Return the plan in a file, with the options of the command.

    Args:
        file: A plan, or a goal in Markdown, whose file patterns look in its folder.
        given: The options.
        executable: Whether a task whose work nobody named is a fault.
        bench: What knows actions; the project's plugins by default.

    Raises:
        PlanError: All that is wrong with it.
        SettingsError: The project's settings do not fit.
        StoreError: The history of its tasks cannot be read.
    """
    from ..reading import read_plan

    def judge(plan: Plan) -> list[Fault]:
        return _faults_of_work(plan, file, bench, executable)

    options = {name: given.get(name) for name in ("workers", "cpu_workers", "tier", "mode")}
    if Path(file).suffix.lower() in _GOALS:
        plan = _planned_goal(file, options, executable)
        if faults := judge(plan):
            raise PlanError(faults)
    else:
        defaults = known_settings().defaults(**options)
        plan = read_plan(Path(file), file=file, defaults=defaults, judge=judge)
    return _estimated(plan, given)


def _faults_of_work(
    plan: Plan, file: str, bench: Workbench | None, executable: bool
) -> list[Fault]:
    """Return what is wrong with the work of tasks; trials have none that is to be looked at."""
    wordy = wordless(plan, file) if executable else []
    if not any(
        task.uses is not None or any(MARK in word for word in task.command or ())
        for task in plan.tasks
    ):
        return wordy
    from ..workbench import Installed, faults_of_work  # they bring the engine with them

    found = faults_of_work(bench or Installed.of(read_configuration(Path.cwd())), plan, file)
    return [*found, *wordy]


def planned(file: str, given: Mapping[str, Any]) -> tuple[Plan, Schedule]:
    """Return the plan in a file and the schedule that would run on this machine.

    Raises:
        PlanError: All that is wrong with it.
    """
    from ..cores import within_cores
    from ..search import search

    plan = within_cores(given_plan(file, given), known_settings().cores)
    return plan, search(plan)


def _planned_goal(file: str, options: Mapping[str, Any], executable: bool) -> Plan:
    from ..decomposing import Goal, plan_by_rules

    path = Path(file)
    fields = {name: value for name, value in options.items() if value is not None}
    try:
        goal = Goal(text=path.read_text(encoding="utf-8"), folder=path.parent)
        return plan_by_rules(goal, fields=fields, executable=executable).plan
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        fault = Fault(FaultKind.INVALID_FILE, "", f"`{file}` cannot be read: {why}")
        raise PlanError([fault]) from None
    except PlanError as error:
        raise PlanError([replace(fault, file=file) for fault in error.faults]) from None


def _estimated(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """Return the plan with estimates out of the history of its tasks, as far as they are asked for.

    A folder without runs has no history.
    """
    learn = given.get("learn")
    if learn is False or not (learn or plan.unestimated):
        return plan
    from ciranda.cli.history import opened
    from ciranda.errors import RunNotFoundError

    from ..learning import durations_of, learned

    try:
        with opened(given.get("store"), reading=True) as log:
            durations = durations_of(log, plan)
    except RunNotFoundError:
        return plan
    return learned(plan, durations, all_of_them=bool(learn))


@contextmanager
def refusing(ctx: click.Context, form: str) -> Iterator[None]:
    """Tell everything that is wrong with a plan and leave with exit code 2."""
    try:
        yield
    except PlanError as error:
        _refuse(ctx, error, form)


def _refuse(ctx: click.Context, error: PlanError, form: str) -> NoReturn:
    from ciranda.cli.values import as_json

    from ..answering import fault_answer

    if form == "json":
        screen.out(as_json(fault_answer(error)))
    else:
        for fault in error.faults:
            screen.error(str(fault))
    ctx.exit(Exit.USAGE)
