"""The experts that sit on every council, with what they need."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable
from typing import Final, final

from ciranda.errors import PoolError
from ciranda.events.judging import Judgement

from . import logic
from .conservation.conservation import Conservation
from .conservation.spent import Spent
from .expert import Expert, Finding, Isolation, Question
from .intent.intent import Feature, Intent
from .presolve.inline import EACH, WHOLE, is_short
from .presolve.presolve import BUDGET, Presolver
from .presolve.problem import Answer, Decision, Problem
from .solver.missing import MISSING, SolverMissingError
from .solver.solver import Solver

__all__ = ["Deciding", "Watching", "logic_expert"]


@final
class Deciding:
    """Decides problems: what is easy at once, the rest by a solver.

    Args:
        solver: For the rest.
        presolver: For what is easy; whoever asks about the same intent may share it.
    """

    def __init__(self, solver: Solver, presolver: Presolver | None = None) -> None:
        self._solver: Final = solver
        self._presolver: Final = presolver or Presolver()

    async def decide(self, problem: Problem, budget: float) -> Decision:
        """Decide a problem within so many seconds; what nobody could decide is unknown."""
        decision = _at_once(self._presolver, problem)
        if decision is not None:
            return decision
        try:
            return await self._solver.decide(problem, budget=budget, effort=BUDGET)
        except SolverMissingError:
            return Decision(Answer.UNKNOWN, "none", reason=MISSING)
        except PoolError:
            return Decision(Answer.UNKNOWN, "none", reason="expert-missing")


def logic_expert(
    solver: Solver, *, timeout: float = 30.0, presolver: Presolver | None = None
) -> Expert:
    """Return the expert that proves or refutes conditions.

    Args:
        solver: For what is not easy.
        timeout: Seconds.
        presolver: For what is easy; whoever asks about the same intent may share it.
    """
    easy = presolver or Presolver()

    def ask(question: Question) -> Finding | Awaitable[Finding]:
        intent = question.intent
        effort = WHOLE if is_short(intent.conditions) else 0
        # What is easy needs no task of its own; what is not is looked at where nobody waits.
        found = logic.look(intent, effort=effort, each=EACH, presolver=easy)
        if isinstance(found, Finding):
            return found
        return logic.finish(intent, found, solver, question.budget, effort=logic.EFFORT)

    return Expert(
        name="logic",
        judge=ask,
        handles=frozenset({Feature.CONDITIONS}),
        timeout=timeout,
        isolation=Isolation.INLINE,
        mandatory=True,
    )


class _NotEasyError(Exception):
    """A problem that takes a solver."""


@final
class Watching:
    """The conservation expert, asked in line where nothing has to be waited for.

    Args:
        solver: For what is not easy.
        spent: The transactions that were approved.
        trusted: Roots of ledgers that may be relied upon; None takes any.
        presolver: For what is easy; whoever asks about the same intent may share it.
    """

    def __init__(
        self,
        solver: Solver,
        spent: Spent,
        *,
        trusted: frozenset[str] | None = None,
        presolver: Presolver | None = None,
    ) -> None:
        self._presolver: Final = presolver or Presolver()
        whole = Deciding(solver, self._presolver)
        self._whole: Final = Conservation(whole.decide, spent, trusted=trusted)
        self._easy: Final = Conservation(self._presolved, spent, trusted=trusted)

    def is_pure(self, intent: Intent) -> bool:
        """Say whether a finding about an intent may be given again without asking."""
        return self._whole.is_pure(intent)

    def expert(self) -> Expert:
        """Return the expert for a council."""
        return dataclasses.replace(self._whole.expert(), judge=self.judge)

    def judge(self, question: Question) -> Finding | Awaitable[Finding]:
        """Judge an intent."""
        if not self._whole.is_pure(question.intent):
            return self._whole.judge(question)
        attempt = self._easy.judge(question)
        try:
            attempt.send(None)
        except StopIteration as done:
            found: Finding = done.value
            return found
        except _NotEasyError:
            return self._whole.judge(question)
        attempt.close()
        return self._whole.judge(question)

    async def settle(self, question: Question, judgement: Judgement | None) -> Finding | None:
        """Say what came of a question."""
        return await self._whole.settle(question, judgement)

    async def _presolved(self, problem: Problem, _budget: float) -> Decision:
        decision = _at_once(self._presolver, problem)
        if decision is None:
            raise _NotEasyError
        return decision


def _at_once(presolver: Presolver, problem: Problem) -> Decision | None:
    """Decide a problem if that takes no time to speak of."""
    return presolver.decide(problem, budget=EACH) if is_short(problem.assume) else None
