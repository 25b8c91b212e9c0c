"""From a goal to a plan in four phases: analysis, strategy, decomposition, validation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, final

import anyio
import anyio.to_thread

from ciranda.workflow.nearest import nearest

from ..faults import Fault, FaultKind, PlanError
from .analysis import LONGEST, MOST, Analysis, Complexity, analyse, by_parts
from .decomposer import Assignment, Decomposer, Decomposition, Goal
from .growing import Growing
from .rules import RULES, decompose
from .validating import Planned, validated

__all__ = ["GoalPlanner", "plan_by_rules"]


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
        return validated(
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


def plan_by_rules(
    goal: Goal, *, fields: Mapping[str, Any] | None = None, executable: bool = False
) -> Planned:
    """Make a plan of a goal by the rules alone, for who has neither an engine nor plugins.

    Args:
        goal: The goal.
        fields: Of the plan itself, as a plan file has them.
        executable: Whether a task whose work nobody named is a fault.

    Raises:
        PlanError: As `GoalPlanner.plan`.
    """
    analysis = _analysed(goal.text)
    growing = Growing(decompose(Assignment(goal=goal, analysis=analysis)))
    complexity = by_parts(analysis)
    return validated(growing, RULES, complexity, 1, dict(fields or {}), executable)


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
