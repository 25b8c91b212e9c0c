"""From a plan and its schedule to an ordinary workflow, and to the dispatch of its run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec

from ciranda.actions import Action
from ciranda.middleware.limiter import Limiter
from ciranda.runs.dispatch import Dispatch
from ciranda.workflow.durations import duration_text
from ciranda.workflow.load import workflow_of
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places

from .acceptance import Demands
from .deadlines import deadlines_of
from .plan import Kind, Plan, RateLimit, Task
from .watch import LAYER

__all__ = ["Compiled", "compile_plan", "dispatch_of", "step_ids"]

_UNFIT: Final = re.compile(r"[^A-Za-z0-9_]")
_CPU: Final = "cpu"
_STORMS: Final = {"attempts": 6, "backoff": "1s", "on": ["rate_limited"]}
_RETRY_BACKOFF: Final = "100ms"
_NOTHING: Final = "nothing_left"
_LEAST: Final = 0.001  # seconds: workflows know no shorter time
Actions = Callable[[str], "Action | None"]


@final
@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan as the engine runs it.

    Attributes:
        plan: What it was made of.
        workflow: One step a task; its source holds the plan and the order.
        steps: The id of each task's step.
        order: Tasks, the most urgent first.
    """

    plan: Plan
    workflow: Workflow
    steps: Mapping[str, str]
    order: tuple[str, ...]


def compile_plan(
    plan: Plan,
    order: Iterable[str],
    actions: Actions,
    *,
    timeout: float,
    file: str = "",
    barriers: frozenset[str] = frozenset(),
) -> Compiled:
    """Return the workflow of a plan.

    Args:
        plan: Without faults.
        order: The tasks, the most urgent first.
        actions: Finds an action by name.
        timeout: Seconds of an attempt of a task that names none; twice its estimate if longer.
        file: The plan's file, in whose folder relative paths begin.
        barriers: Tasks that run whatever became of their needs.
    """
    placed = tuple(order)
    ids = step_ids(task.id for task in plan.tasks)
    standby: dict[str, list[str]] = {}
    for task in plan.tasks:
        if task.contingency is not None and task.id not in plan.already_succeeded:
            standby.setdefault(task.contingency, []).append(task.id)
    steps: dict[str, Any] = {}
    helpers = plan.standby
    deadlines = deadlines_of(plan)
    for task in plan.tasks:
        if task.id in plan.already_succeeded:
            continue
        step = _step(task, actions, timeout, deadlines.get(task.id))
        helped = standby.get(task.id, [])
        needs = [need for need in (*task.needs, *helped) if need not in plan.already_succeeded]
        if needs:
            step["needs"] = [ids[need] for need in dict.fromkeys(needs)]
        if helped:
            step["if"] = " or ".join(f"steps.{ids[one]}.status == 'failed'" for one in helped)
        elif task.id in barriers:
            step["if"] = "always()"
        elif task.id in helpers:
            continue  # whom it was to help has succeeded
        steps[ids[task.id]] = step
    made = {task: step for task, step in ids.items() if step in steps}
    if not steps:  # all is done; a run that says so is a run all the same
        steps[_NOTHING] = {"uses": "planner.sleep", "with": {"seconds": 0}}
    data = {
        "ciranda": 1,
        "name": plan.name,
        "plugins": ["planner"],
        "x-planner": {
            "version": plan.version,
            "order": placed,
            "barriers": sorted(barriers),
            "plan": msgspec.to_builtins(plan),
        },
        "steps": steps,
    }
    workflow = workflow_of(data, Places(None), source=msgspec.json.encode(data))
    workflow = msgspec.structs.replace(workflow, file=file)
    return Compiled(plan, workflow, made, placed)


def step_ids(tasks: Iterable[str]) -> dict[str, str]:
    """Return an id of a step for each task: its own where a workflow can read it."""
    words = {task: task for task in tasks}
    taken = {word for word in words if word and not _UNFIT.search(word) and not word[0].isdigit()}
    for task in words:
        if task in taken:
            continue
        word = start = "_" * (not task or task[0].isdigit()) + _UNFIT.sub("_", task)
        count = 1
        while word in taken:
            count += 1
            word = f"{start}_{count}"
        taken.add(word)
        words[task] = word
    return words


def dispatch_of(
    compiled: Compiled,
    limiter: Limiter | None,
    *,
    closes: bool = False,
    retries: int | None = None,
) -> Dispatch:
    """Return how the run of a plan admits its steps: in the order of its schedule.

    Args:
        compiled: The plan.
        limiter: Of its rate limit.
        closes: Whether the end of the run closes the limiter, too.
        retries: Attempts after the first that all tasks have together; None is without limit.
    """
    plan, steps = compiled.plan, compiled.steps
    used = {name for task in plan.tasks for name in task.resources}
    # Named apart: a plan may well call a resource `cpu`.
    capacities = {f"resource {name}": plan.resources.get(name, 1) for name in used}
    if plan.cpu_workers is not None:
        capacities[_CPU] = plan.cpu_workers
    demands: dict[str, dict[str, int]] = {}
    costs: dict[str, tuple[int, ...]] = {}
    for task in plan.tasks:
        step = steps.get(task.id)
        if step is None:
            continue
        wanted = {f"resource {name}": units for name, units in task.resources.items()}
        if task.kind is Kind.CPU and plan.cpu_workers is not None:
            wanted[_CPU] = 1
        if wanted:
            demands[step] = wanted
        if limiter is not None and plan.rate_limit is not None and task.cost:
            costs[step] = _limited(plan.rate_limit, task.cost.units)
        elif limiter is not None and not limiter.limits and task.uses is not None:
            costs[step] = ()
    return Dispatch(
        order={steps[task]: at for at, task in enumerate(compiled.order) if task in steps},
        most=plan.workers,
        capacities=capacities,
        demands=demands,
        limiter=limiter if costs else None,
        costs=costs,
        closes=closes,
        retries=retries,
    )


def _limited(limit: RateLimit, units: tuple[int, ...]) -> tuple[int, ...]:
    pairs = zip(units, limit.units, strict=True)
    return tuple(cost for cost, most in pairs if most is not None)


def _step(task: Task, actions: Actions, timeout: float, deadline: float | None) -> dict[str, Any]:
    step = _body(task, actions)
    longest = task.timeout if task.timeout is not None else max(timeout, 2 * task.estimate)
    step["timeout"] = duration_text(max(longest, _LEAST))
    if task.estimate >= _LEAST:
        step["estimate"] = duration_text(task.estimate)
    if task.retries:
        # A plan that says `retries` says that the work may be done twice.
        step |= {"idempotent": True}
        step["retry"] = {"attempts": task.retries + 1, "backoff": _RETRY_BACKOFF}
    elif task.uses is not None:
        step["retry"] = _STORMS
    if task.title or task.description:
        step["description"] = ": ".join(filter(None, (task.title, task.description)))
    success = task.success
    demands = Demands(
        deadline=deadline,
        schema=None if success is None or success.schema is None else dict(success.schema),
        file=None if success is None else success.file,
        expression=None if success is None else success.expression,
        exit_code=None if success is None or task.command is not None else success.exit_code,
    )
    if demands != Demands():
        step["with-middleware"] = {LAYER: msgspec.to_builtins(demands)}
    return step


def _body(task: Task, actions: Actions) -> dict[str, Any]:
    if task.command is not None:
        code = None if task.success is None else task.success.exit_code
        return {"run": list(task.command), **({} if code is None else {"ok-codes": [code]})}
    if task.uses is not None:
        found = actions(task.uses)
        executor = None if found is None else _executor(task, found)
        return {
            "uses": task.uses,
            **({"with": dict(task.with_)} if task.with_ else {}),
            **({} if executor is None else {"executor": executor}),
        }
    return _trial(task)


def _executor(task: Task, found: Action) -> str | None:
    """Return where a function that blocks runs: cpu tasks share cores, the others wait in threads.

    An engine would put each of them into a process, as they have a timeout: then two io tasks on
    two cores would be all that run at once.
    """
    if found.is_async or found.inline or found.executor is not None:
        return None
    return "process" if task.kind is Kind.CPU and not found.resources else "thread"


def _trial(task: Task) -> dict[str, Any]:
    word, _, count = (task.behaviour or "sleep").partition(":")
    seconds = {"seconds": task.estimate}
    if word == "burn":
        return {"uses": "planner.burn", "with": seconds}
    if word == "hang" and task.kind is Kind.CPU:
        return {"uses": "planner.burn", "with": {"hang": True}}
    if word == "sleep":
        return {"uses": "planner.sleep", "with": seconds}
    if word == "fail_times":
        return {"uses": "planner.trial", "with": {**seconds, "failures": int(count)}}
    return {"uses": "planner.trial", "with": {**seconds, "behaviour": word}}
