"""The last phase: tasks become a plan without faults, or everything that is wrong is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec

from ..faults import Fault, FaultKind, PlanError
from ..plan import Plan
from ..reading import read_plan
from .analysis import Complexity
from .decomposer import Decomposer
from .growing import Growing

__all__ = ["Planned", "validated"]

_FOLLOWING: Final = frozenset({FaultKind.EMPTY_PLAN, FaultKind.UNKNOWN_DEPENDENCY})
_UNKNOWN: Final = "1m"  # what a task in words takes that says nothing of it
_NEEDS: Final = "{needs}"
_WORK: Final = ("uses", "command", "behaviour")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A goal's plan.

    Attributes:
        plan: The plan, without faults.
        document: What a plan file would hold.
        decomposer: Who took the goal apart.
        complexity: What was said of the goal before.
        calls: How often decomposers were asked.
        warnings: Sentences about what was left out.
        wordless: The ids of tasks whose work nobody named.
    """

    plan: Plan
    document: dict[str, Any]
    decomposer: str
    complexity: Complexity
    calls: int
    warnings: tuple[str, ...] = ()
    wordless: tuple[str, ...] = ()


def validated(
    growing: Growing,
    decomposer: Decomposer,
    complexity: Complexity,
    calls: int,
    fields: dict[str, Any],
    executable: bool,
) -> Planned:
    """Return the plan of all tasks, or raise everything that is wrong with them."""
    document = {
        **({"name": growing.name} if growing.name else {}),
        **{key: value for key, value in fields.items() if value is not None},
        **({"already_succeeded": growing.done} if growing.done else {}),
        "tasks": growing.tasks,
    }
    faults = list(growing.faults)
    wordless = [
        str(task.get("id"))
        for task in growing.tasks
        if not any(map(task.get, _WORK)) and task.get("id") not in growing.done
    ]
    if executable and not faults:
        faults += [
            Fault(
                FaultKind.INVALID_WORK, id_, _unworkable(id_), "", *growing.places.get(id_, (0, 0))
            )
            for id_ in wordless
        ]
    for task in growing.tasks:
        if not any(map(task.get, _WORK)):
            task.setdefault("estimate", _UNKNOWN)
    if not faults:
        _hand_on(growing)
    told = {fault.task for fault in growing.faults}
    plan = None
    try:
        plan = read_plan(_encoded(document, decomposer))
    except PlanError as error:
        # Of a goal with faults, what follows from these is none of its own.
        faults += [
            fault
            for fault in _placed(error.faults, growing.places)
            if not growing.faults or (fault.kind not in _FOLLOWING and fault.task not in told)
        ]
    if plan is None or faults:
        raise PlanError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return Planned(
        plan=plan, document=document, decomposer=decomposer.name, complexity=complexity,
        calls=calls, warnings=tuple(growing.warnings), wordless=tuple(wordless),
    )  # fmt: skip


def _hand_on(growing: Growing) -> None:
    """Put, for inputs that say `{needs}`, what the tasks that are needed gave, by their ids."""
    tasks = [task for task in growing.tasks if _NEEDS in _inputs(task).values()]
    if not tasks:
        return
    from ..compiling import step_ids

    steps = step_ids(str(task.get("id", "")) for task in growing.tasks)
    for task in tasks:
        given = {
            need: f"${{{{ steps.{steps[need]}.output }}}}"
            for need in task.get("needs", ())
            if need in steps and need not in growing.done
        }
        inputs = _inputs(task).items()
        task["with"] = {name: given if value == _NEEDS else value for name, value in inputs}


def _inputs(task: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = task.get("with")
    return inputs if isinstance(inputs, Mapping) else {}


def _unworkable(id_: str) -> str:
    return (
        f"nobody said what does the task `{id_}`: add a command as in `` `make docs` ``, or an "
        "action as in `` `uses: data.read` ``"
    )


def _encoded(document: dict[str, Any], decomposer: Decomposer) -> bytes:
    try:
        return msgspec.json.encode(document)
    except (TypeError, ValueError, RecursionError) as error:
        text = f"the decomposer `{decomposer.name}` answered with what no plan file holds: {error}"
        raise PlanError([Fault(FaultKind.DECOMPOSER_FAILED, "", text)]) from error


def _placed(faults: Iterable[Fault], places: Mapping[str, tuple[int, int]]) -> list[Fault]:
    """Return faults with the places of the goal instead of those of the document."""
    return [
        Fault(fault.kind, fault.task, fault.message, "", *places.get(fault.task, (0, 0)))
        for fault in faults
    ]
