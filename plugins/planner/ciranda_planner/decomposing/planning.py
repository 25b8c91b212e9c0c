"""From a goal to a plan in four phases: analysis, strategy, decomposition, validation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import anyio
import anyio.to_thread
import msgspec

from ciranda.workflow.nearest import nearest

from ..faults import Fault, FaultKind, PlanError
from ..plan import Plan
from ..reading import read_plan
from .analysis import LONGEST, MOST, Analysis, Complexity, analyse, by_parts
from .decomposer import Assignment, Decomposer, Decomposition, Goal
from .growing import Growing
from .rules import RULES

__all__ = ["GoalPlanner", "Planned"]

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


@final
class GoalPlanner:
    """Makes plans of goals.

    A task is planned again only if the decomposition that it comes from says so, only `deepest`
    levels deep, and never by a text that it came from: whatever decomposers answer, planning ends.

    Args:
        decomposers: In the order in which they are asked; the rules are asked if none answers.
        complexity: Says which goals are worth asking a decomposer that has no policy of its own.
        deepest: How many levels of tasks may be planned again.
        most: How often decomposers may be asked for one goal.
    """

    def __init__(
        self,
        decomposers: Sequence[Decomposer] = (),
        *,
        complexity: Callable[[Analysis], Complexity] = by_parts,
        deepest: int = 3,
        most: int = 50,
    ) -> None:
        self._decomposers: Final = [one for one in decomposers if one is not RULES]
        self._complexity: Final = complexity
        self._deepest: Final = deepest
        self._most: Final = most

    async def plan(
        self,
        goal: Goal,
        *,
        decomposer: str = "",
        fields: Mapping[str, Any] | None = None,
        executable: bool = False,
    ) -> Planned:
        """Make a plan of a goal.

        Args:
            goal: The goal.
            decomposer: Ask this one only.
            fields: Of the plan itself, as a plan file has them: `name`, `max_workers` ...
            executable: Whether a task whose work nobody named is a fault.

        Raises:
            PlanError: Everything that makes no sense; an empty plan is never returned.
        """
        candidates = self._named(decomposer)
        analysis = _analysed(goal.text)
        by, first = await self._ask(candidates, Assignment(goal=goal, analysis=analysis))
        growing = Growing(first)
        calls = 1
        while (more := growing.next_one()) is not None:
            text = more.text
            if problem := self._refused(more.depth, calls, text, (goal.text, *more.above)):
                growing.refuse(problem)
                continue
            part = Assignment(
                goal=replace(goal, text=text),
                analysis=analyse(text),
                depth=more.depth,
                above=(goal.text, *more.above),
            )
            calls += 1
            growing.put((await self._ask(candidates, part))[1])
        return _validated(
            growing, by, self._weigh(by, analysis), calls, dict(fields or {}), executable
        )

    def _named(self, name: str) -> list[Decomposer]:
        """Return whom to ask: all, or the one of a name."""
        if not name:
            return [*self._decomposers, RULES]
        known = {one.name: one for one in [*self._decomposers, RULES]}
        if name in known:
            return [known[name]]
        near = nearest(name, known)
        hint = f"did you mean `{near}`?" if near else f"there are {', '.join(sorted(known))}"
        text = f"there is no decomposer `{name}`: {hint}"
        raise PlanError([Fault(FaultKind.UNKNOWN_DECOMPOSER, "", text)])

    def _weigh(self, decomposer: Decomposer, analysis: Analysis) -> Complexity:
        return (decomposer.complexity or self._complexity)(analysis)

    def _refused(self, depth: int, calls: int, text: str, above: tuple[str, ...]) -> str:
        """Return why a task is not planned again; empty if it is."""
        if text.split() in [one.split() for one in above]:
            return (
                "it would be planned by the text that it comes from, without end: let it say less"
            )
        if depth > self._deepest:
            return (
                f"it would be planned {depth} levels deep, and {self._deepest} are allowed: write "
                "its tasks into the goal"
            )
        if calls >= self._most:
            return f"decomposers were asked {calls} times for this goal: split the goal up"
        return ""

    async def _ask(
        self, candidates: list[Decomposer], assignment: Assignment
    ) -> tuple[Decomposer, Decomposition]:
        """Return the first answer, and who gave it."""
        alone = len(candidates) == 1
        for one in candidates:
            worth = alone or one is RULES or self._weigh(one, assignment.analysis).split
            answer = await _answer(one, assignment) if worth else None
            if answer is not None:
                return one, answer
        name = candidates[0].name
        text = f"the decomposer `{name}` leaves this goal to others: ask without naming one"
        raise PlanError([Fault(FaultKind.DECOMPOSER_FAILED, "", text)])


def _analysed(text: str) -> Analysis:
    if len(text) > LONGEST:
        fault = f"the goal is longer than {LONGEST} characters: split it up"
        raise PlanError([Fault(FaultKind.TOO_LARGE, "", fault)])
    analysis = analyse(text)
    if analysis.parts > MOST:
        fault = f"the goal has more than {MOST} items: split it up"
        raise PlanError([Fault(FaultKind.TOO_LARGE, "", fault)])
    if analysis.form == "nothing":
        fault = "there is nothing to do in this goal: write what is to be done, a line for each"
        raise PlanError([Fault(FaultKind.EMPTY_PLAN, "", fault)])
    return analysis


async def _answer(decomposer: Decomposer, assignment: Assignment) -> Decomposition | None:
    """Ask a decomposer, within its time, and turn what it raises into a fault."""
    try:
        with anyio.fail_after(decomposer.timeout):
            if inspect.iscoroutinefunction(decomposer.decompose):
                answer: Any = await decomposer.decompose(assignment)
            else:
                answer = await anyio.to_thread.run_sync(
                    decomposer.decompose, assignment, abandon_on_cancel=True
                )
                if inspect.isawaitable(answer):
                    answer = await answer
    except TimeoutError:
        text = f"gave no answer within {decomposer.timeout:g} s: ask less of it, or allow it more"
    except PlanError:
        raise
    except Exception as error:
        text = f"raised {type(error).__name__}: {error}"
    else:
        if answer is None or isinstance(answer, Decomposition):
            return answer
        text = f"answered with {type(answer).__name__}: return a Decomposition, or None"
    fault = Fault(FaultKind.DECOMPOSER_FAILED, "", f"the decomposer `{decomposer.name}` {text}")
    raise PlanError([fault])


def _validated(
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
    wordless = [str(task.get("id")) for task in growing.tasks if not any(map(task.get, _WORK))]
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
