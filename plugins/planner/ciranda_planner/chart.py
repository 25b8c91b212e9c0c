"""Plans and their runs as the engine's pictures take them: a timeline, and what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

from ciranda.cli.history import read_timeline, status_of
from ciranda.observe.outline import Outline
from ciranda.observe.spoken import spoken
from ciranda.observe.tables import Table
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.store import Log

from .compiling import step_ids
from .execution import Outcome
from .keeper import OVER
from .plan import Plan
from .report import Figures, Lost, Report
from .schedule import Schedule
from .state import PlanState

__all__ = ["Chart", "chart_of_plan", "chart_of_run", "tables_of"]


@final
@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture is drawn of; `expected` is in seconds from the start, by task."""

    timeline: Timeline
    outline: Outline
    expected: dict[str, tuple[float, float]] = field(default_factory=dict)


def chart_of_plan(plan: Plan, schedule: Schedule) -> Chart:
    """Return the picture of a run that is only planned."""
    timeline = Timeline()
    timeline.workflow, timeline.steps = plan.name, len(schedule.starts)
    segment = Segment(0, 0.0)
    segment.end = segment.last = schedule.makespan
    segment.state = State.PLANNED
    for task in sorted(schedule.starts, key=lambda task: schedule.starts[task]):
        track = Track(task, schedule.starts[task])
        track.end, track.state, track.attempt = schedule.ends[task], State.PLANNED, 1
        wait = schedule.waits.get(task)
        if wait is not None:
            track.reason = f"waits {spoken(wait.seconds)} for {wait.cause.value.replace('_', ' ')}"
        segment.tracks[task] = track
    timeline.segments.append(segment)
    return Chart(timeline, _outline(plan, schedule.critical_path))


def chart_of_run(log: Log, run: str, plan: Plan, schedule: Schedule, state: PlanState) -> Chart:
    """Return the picture of a run beside what was predicted of it.

    Args:
        log: The store.
        run: Its id.
        plan: The plan.
        schedule: What it predicted.
        state: How the plan ended.

    Raises:
        RunNotFoundError: There is no such run.
        StoreError: The store fails.
    """
    timeline = read_timeline(log, run)
    if status_of(log, log.run(run)) == "interrupted":
        timeline.interrupt()
    names = {step: task for task, step in step_ids(task.id for task in plan.tasks).items()}
    for segment in timeline.segments:
        tracks = list(segment.tracks.values())
        segment.tracks.clear()
        for track in tracks:
            if track.path in names:  # the ends of waves are nobody's work
                track.path = names[track.path]
                segment.tracks[track.path] = track
    _name_ends(timeline, plan, state)
    known = {task.id for task in plan.tasks}
    expected = {
        task: (start, schedule.ends[task])
        for task, start in schedule.starts.items()
        if task in known
    }
    return Chart(timeline, _outline(plan), expected)


def _name_ends(timeline: Timeline, plan: Plan, state: PlanState) -> None:
    """Call the ends of the parts of a run what a plan calls them."""
    some = bool(plan.already_succeeded)
    for segment in timeline.segments:
        some = some or any(each.state is State.SUCCEEDED for each in segment.tracks.values())
        if segment.state is State.FAILED and some:
            segment.word = str(PlanState.PARTIAL)
        elif segment.cancelled is not None and segment.cancelled[1].startswith(OVER):
            segment.word = str(PlanState.TIMED_OUT)
    if timeline.segments and timeline.state not in (State.RUNNING, State.INTERRUPTED):
        timeline.segments[-1].word = str(state)


def _outline(plan: Plan, critical: tuple[str, ...] = ()) -> Outline:
    work = {task.id: task.uses or " ".join(task.command or ()) for task in plan.tasks}
    return Outline(
        uses={task: each for task, each in work.items() if each},
        needs={task.id: task.needs for task in plan.tasks},
        critical=critical,
    )


def tables_of(outcome: Outcome, found: Sequence[str] = ()) -> list[Table]:
    """Return what a page tells of a run besides its picture.

    Args:
        outcome: The run.
        found: Sentences worth a look.
    """
    report = outcome.report
    said = [Table("Worth a look", ["What"], [[text] for text in found])] if found else []
    return [*said, _figures(report), _lost(report)]


def _figures(report: Report) -> Table:
    def row(name: str, of: Sequence[str]) -> list[str]:
        return [name, *of]

    both = (report.predicted, report.actual)

    def times(name: str) -> list[str]:
        return [spoken(getattr(each, name)) for each in both]

    rows = [
        row("Makespan", times("makespan")),
        row("Lower bound", times("lower_bound")),
        row("Above the bound", [f"{each.distance:.1%}" for each in both]),
        row("Critical path", times("critical_path")),
        row("All work, one after the other", times("work")),
        row("Speed-up", [f"{each.speedup:.2f}" for each in both]),
        row(
            f"Efficiency of {_workers(report.actual)}", [f"{each.efficiency:.0%}" for each in both]
        ),
    ]
    return Table("Prediction and reality", ["", "Predicted", "Actual"], rows, numbers=True)


def _workers(figures: Figures) -> str:
    return f"{figures.workers} worker{'' if figures.workers == 1 else 's'}"


def _lost(report: Report) -> Table:
    names = {
        "dependencies": "Dependencies",
        "workers": "Workers",
        "resources": "Resources",
        "limit": "Rate limit",
        "retries": "Attempts that failed",
        "engine": "Engine",
    }
    total, chain = report.total, report.on_chain
    rows = [
        [word, *(_spent(each, name) for each in (total, chain))] for name, word in names.items()
    ]
    head = ["Waiting for", "All tasks", "On the way to the end"]
    return Table("Where time was lost", head, rows, numbers=True)


def _spent(lost: Lost, name: str) -> str:
    return spoken(getattr(lost, name))
