"""Planning: a goal that somebody has, and the plan that a planner makes of it, as plain data."""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.events.envelope import Event, Request

__all__ = ["GoalFault", "GoalPlan", "PlanBegan", "PlanEnded", "PlanGoal"]


class GoalFault(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something in a goal that makes no sense.

    `kind` is a word such as `unknown_dependency`, `task` the id or the words that it is about
    ("" for the goal as a whole), `line` and `column` count from 1 (0 where there is no place).
    """

    kind: str
    message: str
    task: str = ""
    line: int = 0
    column: int = 0


class GoalPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a goal.

    `plan` is what a plan file holds, and None exactly when there are `faults`: a goal that makes
    no sense is never an empty plan. `decomposer` is who took the goal apart, `warnings` sentences
    about what was left out, `wordless` the ids of tasks whose work nobody named.
    """

    plan: dict[str, Any] | None = None
    faults: tuple[GoalFault, ...] = ()
    decomposer: str = ""
    warnings: tuple[str, ...] = ()
    wordless: tuple[str, ...] = ()


class PlanGoal(Request[GoalPlan], frozen=True, kw_only=True):
    """Make a plan of this goal. Answered by the plugin `planner`.

    `goal` is words or a Markdown checklist. `base` is where relative paths of its tasks begin,
    the project's folder if empty, and `folder`, beneath it or absolute, where its file patterns
    look. `decomposer` asks for one by name; `defaults` holds fields for tasks that do not say
    otherwise, such as `{"uses": "my.agent"}` for those in words; `plan` holds fields of the plan
    itself, such as `max_workers` and `rate_limit`; `context` is handed to decomposers as it is.
    `executable` makes a task whose work nobody named a fault.
    """

    goal: str
    base: str = ""
    folder: str = ""
    name: str = ""
    decomposer: str = ""
    defaults: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    context: dict[str, Any] = {}
    executable: bool = False


class PlanBegan(Event, frozen=True, kw_only=True, tag=True):
    """A step began a plan; `plan_run` is the run in which its tasks are, and times are seconds."""

    path: str
    plan_run: str
    plan: str
    digest: str
    tasks: int
    makespan: float


class PlanEnded(Event, frozen=True, kw_only=True, tag=True):
    """A plan that a step began has ended; `status` has the state of every task."""

    path: str
    plan_run: str
    plan: str
    state: str
    status: dict[str, str]
    makespan: float
