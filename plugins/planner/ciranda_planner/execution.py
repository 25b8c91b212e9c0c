"""Running a plan: the engine's scheduler performs it, this keeps its time and tells how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

from ciranda import Context, Engine, RunResult
from ciranda.errors import PluginError
from ciranda.events import Event, RunResumed, RunStarted, StepCompleted, StepFailed
from ciranda.middleware.limiter import Limiter
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.run_id import new_run_id
from ciranda.settings import RateSettings

from .actual import Actual, Course
from .adaptive import Adaptive
from .compiling import dispatch_of
from .keeper import Keeper
from .limiting import limiter_of
from .preparing import Prepared
from .replanning import Replanning
from .report import Report, report_of
from .retrying import retries_of
from .settings import PlannerSettings
from .state import PlanState, State, state_of_plan, state_of_step
from .watch import Watch

__all__ = ["Outcome", "Performance", "course_of", "outcome_of", "perform"]

Hear = Callable[[Event], None]


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended.

    Attributes:
        run: The id of its run, for `ciranda show`, `trace` and `planner run --resume`.
        state: How it ended.
        states: How each task ended, in the order of the plan.
        report: The run beside its prediction.
        actual: The course of each task.
        result: What the engine gave back.
        results: What each task that succeeded gave back.
        wall: Seconds from the first to the last event.
        least: The fewest tasks that adaptive concurrency let run at once.
        replanned: How often what was left was scheduled anew.
    """

    run: str
    state: PlanState
    states: Mapping[str, State]
    report: Report
    actual: Actual
    result: RunResult
    results: Mapping[str, Any]
    wall: float
    least: int
    replanned: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as the command line tells it."""
        figures = self.report.actual
        courses = self.actual.courses
        errors = {
            task: {"kind": each.error.kind, "message": each.error.message}
            for task, each in courses.items()
            if each.error is not None and self.states.get(task) is not State.SUCCEEDED
        }
        return {
            "plan": str(self.state),
            "run": self.run,
            "status": {task: str(state) for task, state in self.states.items()},
            "makespan_ms": figures.plain()["makespan_ms"],
            "wall_ms": round(self.wall * 1000, 3),
            "speedup": figures.plain()["speedup"],
            "efficiency": figures.plain()["efficiency"],
            "executed": [task for task in self.actual.executed if task in self.states],
            "max_concurrency": self.actual.together,
            "least_workers": self.least,
            "replanned": self.replanned,
            "attempts": {task: courses[task].attempts for task in self.states},
            "starts": {
                task: round(start * 1000, 3)
                for task in self.states
                if (start := courses[task].started) is not None
            },
            "ends": {
                task: round(end * 1000, 3)
                for task in self.states
                if (end := courses[task].ended) is not None
            },
            "errors": errors,
            **self.report.plain(),
        }


@final
@dataclass(slots=True)
class Performance:
    """What may be said of how a plan is run; all has a default.

    Attributes:
        run: The id of the run; made by default.
        hear: Hears every event of the run, in order.
        within: Seconds that are left to whoever asked; the plan has no more.
        step: The step that the run is a part of: it continues the trace of that one.
        limiter: The one that the plan shares with others; its own by default.
        follow: Is given the dispatch and the course before the first event: for live views.
    """

    run: str = field(default_factory=new_run_id)
    hear: Hear | None = None
    within: float | None = None
    step: Context | None = None
    limiter: Limiter | None = None
    follow: Callable[[Dispatch, Actual], None] | None = None


async def perform(engine: Engine, prepared: Prepared, how: Performance | None = None) -> Outcome:
    """Run a plan to its end, or to the end of its time; finished results are kept.

    Raises:
        InputError: It cannot be run so.
        PluginError: The planner is not among the engine's plugins.
        StoreError: The store cannot keep the run.
    """
    how = how or Performance()
    watch = await _watch(engine)
    compiled, plan = prepared.compiled, prepared.plan
    folder = engine.configuration.read(RateSettings).place(engine.configuration.root)
    now = engine.clock.wall()
    spent = [(max(0.0, now - at), cost) for at, cost in prepared.spent]
    limiter = how.limiter or limiter_of(plan, engine.clock.steady, folder=folder, spent=spent)
    retries = retries_of(plan, engine.configuration.read(PlannerSettings).retry_budget)
    dispatch = dispatch_of(compiled, limiter, retries=retries)
    actual = course_of(prepared)
    adaptive = _adaptive(engine, prepared, dispatch)
    keeper = Keeper(engine, how.run, min(prepared.timeout, how.within or prepared.timeout))

    replanning = Replanning(prepared, actual, dispatch.reorder)

    def hear(event: Event) -> None:
        task = actual.apply(event)
        if task is not None and isinstance(event, StepCompleted | StepFailed):
            replanning.ended(task)
        if isinstance(event, RunStarted | RunResumed):
            actual.admit(engine.clock.wall())
            keeper.begin()
        if adaptive is not None:
            adaptive.hear(event)
        if how.hear is not None:
            how.hear(event)

    if how.follow is not None:
        how.follow(dispatch, actual)

    async def run() -> RunResult:
        if prepared.checked is None:
            return await engine.resume(how.run, dispatch=dispatch, part_of=how.step)
        return await engine.run(
            prepared.checked, run_id=how.run, dispatch=dispatch, part_of=how.step
        )

    try:
        with watch.following(how.run, hear):
            result = await keeper.keep(run)
    finally:
        if limiter is not None and limiter is not how.limiter:
            limiter.close()
    least = plan.workers if adaptive is None else adaptive.least
    outcome = outcome_of(prepared, actual, result, over=keeper.over, least=least)
    return replace(outcome, replanned=replanning.turns)


def course_of(prepared: Prepared) -> Actual:
    """Return the course of a plan before its first event."""
    plan = prepared.plan
    tasks = {step: task for task, step in prepared.compiled.steps.items()}
    standby = plan.standby
    needs = {task.id: task.needs for task in plan.tasks if task.id not in standby}
    actual = Actual(tasks, needs, plan.already_succeeded)
    for task in standby:  # who was to help a task that has succeeded has no step
        actual.courses.setdefault(task, Course(State.SKIPPED))
    return actual


def outcome_of(
    prepared: Prepared, actual: Actual, result: RunResult, *, over: bool, least: int
) -> Outcome:
    """Return how a plan ended.

    Args:
        prepared: The plan.
        actual: Its course.
        result: The end of its run.
        over: Whether its own time was over.
        least: The fewest tasks that were let run at once.
    """
    states = _states(prepared, result)
    standby = prepared.plan.standby
    return Outcome(
        run=result.run_id,
        state=state_of_plan(
            # Who is on standby may just stay there.
            [
                state
                for task, state in states.items()
                if state is not State.SKIPPED or task not in standby
            ],
            cancelled=result.status == "cancelled",
            timed_out=over,
        ),
        states=states,
        report=report_of(prepared.plan, prepared.schedule, actual),
        actual=actual,
        result=result,
        results={
            task: view["output"]
            for task, step in prepared.compiled.steps.items()
            if task in states and (view := result.steps.get(step, {})).get("status") == "succeeded"
        },
        wall=actual.ended or actual.makespan,
        least=least,
    )


async def _watch(engine: Engine) -> Watch:
    engine.plugins.require("planner")
    await engine.plugins.start()
    for _, plugin in engine.bus.hooks.list_name_plugin():
        if isinstance(plugin, Watch):
            return plugin
    raise PluginError("the plugin `planner` is not open: take it out of `[plugins] disable`")


def _adaptive(engine: Engine, prepared: Prepared, dispatch: Dispatch) -> Adaptive | None:
    plan = prepared.plan
    if not engine.configuration.read(PlannerSettings).adaptive or plan.workers == 1:
        return None
    measured = {
        prepared.compiled.steps[task.id]: task.estimate
        for task in plan.expected
        if task.cost and task.estimate and task.id in prepared.compiled.steps
    }
    return Adaptive(plan.workers, dispatch.resize, measured)


def _states(prepared: Prepared, result: RunResult) -> dict[str, State]:
    """Return how each task ended; what an earlier part of the run did is in the result alone."""
    found: dict[str, State] = {}
    for task in prepared.plan.tasks:
        if task.id in prepared.barriers:
            continue
        step = prepared.compiled.steps.get(task.id)
        if step is None:
            done = task.id in prepared.plan.already_succeeded
            found[task.id] = State.SUCCEEDED if done else State.SKIPPED
            continue
        view = result.steps.get(step, {})
        error = view.get("error") or {}
        found[task.id] = state_of_step(view.get("status", "cancelled"), error.get("kind", ""))
    return found
