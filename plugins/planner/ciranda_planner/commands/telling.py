"""Plans and their runs as people read them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ciranda.cli import screen
from ciranda.cli.values import table
from ciranda.observe.spoken import plural, spoken

if TYPE_CHECKING:
    from ..chart import Chart
    from ..execution import Outcome
    from ..plan import Plan
    from ..schedule import Schedule

__all__ = [
    "draw",
    "findings_told",
    "listed",
    "plan_told",
    "run_told",
    "warnings_told",
    "write_page",
]

_MOST: Final = 8  # tasks named in one line
_WAITS: Final = 3


def listed(tasks: Sequence[str], between: str = ", ", most: int = _MOST) -> str:
    """Return tasks on one line, the first few of many."""
    more = [f"{len(tasks) - most:,} more"] if len(tasks) > most else []
    return between.join([*tasks[:most], *more])


def plan_told(plan: Plan, schedule: Schedule) -> Iterable[str]:
    """Yield the lines about a plan and the run that it predicts."""
    cpu = "" if plan.cpu_workers is None else f", {plan.cpu_workers} of them for cpu tasks"
    head = f"{plan.name}: {plural(len(schedule.starts), 'task')}"
    yield f"{head}, {plural(plan.workers, 'worker')}{cpu}"
    for at, level in enumerate(schedule.levels, start=1):
        yield f"wave {at}: {listed(level)}"
    path = listed(schedule.critical_path, " > ")
    yield f"critical path: {path} ({spoken(schedule.bounds.critical_path)})"
    yield (
        f"makespan: {spoken(schedule.makespan)}, and no schedule takes less than"
        f" {spoken(schedule.bounds.tightest)}"
    )
    yield (
        f"all work: {spoken(schedule.total_work)}, speed-up {schedule.speedup:.1f};"
        f" {schedule.efficiency(plan.workers):.0%} of the workers' time is work"
    )
    longest = sorted(schedule.waits, key=lambda task: -schedule.waits[task].seconds)
    for task in longest[:_WAITS]:
        wait = schedule.waits[task]
        yield f"{task} waits {spoken(wait.seconds)} for {wait.cause.value.replace('_', ' ')}"
    if len(longest) > _WAITS:
        yield f"{len(longest) - _WAITS:,} more wait, too: `-o json` has them all"


def warnings_told(plan: Plan, schedule: Schedule) -> None:
    """Write what in a plan deserves a look to standard error."""
    from ..warning import warnings_of

    for warning in warnings_of(plan, schedule):
        screen.warn(str(warning))


def run_told(outcome: Outcome) -> Iterable[str]:
    """Yield the lines about a run beside its prediction."""
    from ..chart import tables_of

    yield f"plan {outcome.state}, run {outcome.run}"
    for task, state in outcome.states.items():
        if state != "succeeded":
            yield f"  {task}: {state}{_why(outcome, task)}"
    for each in tables_of(outcome):
        yield ""
        yield from table(each.heads, each.rows)


def _why(outcome: Outcome, task: str) -> str:
    course = outcome.actual.courses[task]
    if course.error is not None:
        return f" ({course.error.kind}: {course.error.message.partition(chr(10))[0]})"
    return f" ({course.reason})" if course.reason else ""


def findings_told(said: Sequence[str]) -> Iterable[str]:
    """Yield the lines on what deserves a look."""
    if said:
        yield ""
    for text in said:
        yield f"! {text}"


def draw(chart: Chart) -> None:
    """Draw a picture on standard output, as wide as the terminal is."""
    from ciranda.observe.waterfall import plain, show, waterfall

    lines = waterfall(
        chart.timeline,
        width=shutil.get_terminal_size().columns,
        outline=chart.outline,
        expected=chart.expected,
        unicode=screen.speaks_unicode(),
    )
    if screen.is_coloured(sys.stdout):
        from rich.console import Console

        show(lines, Console(file=sys.stdout, highlight=False))
    else:
        screen.raw(plain(lines))


def write_page(
    file: str, chart: Chart, outcome: Outcome | None = None, said: Sequence[str] = ()
) -> None:
    """Write a picture as a page.

    Raises:
        ClickException: The file cannot be written.
    """
    from ciranda.cli.written import write
    from ciranda.observe.page import page

    from ..chart import tables_of

    tables = [] if outcome is None else tables_of(outcome, said)
    text = page(chart.timeline, outline=chart.outline, expected=chart.expected, tables=tables)
    write(file, text)
    if file != "-":
        screen.say(f"wrote {file}")
