"""The experts that sit on every council, with what they need."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, final

from ciranda.errors import PoolError

from . import logic
from .conservation.conservation import Conservation
from .expert import Expert, Finding, Question
from .intent.intent import Feature
from .presolve.presolve import presolve
from .presolve.problem import Answer, Decision, Problem
from .solver.solver import Solver

__all__ = ["Deciding", "conservation_expert", "logic_expert"]


@final
class Deciding:
    """Decides problems: what is easy at once, the rest by a solver.

    Args:
        solver: For the rest.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver: Final = solver

    async def decide(self, problem: Problem, budget: float) -> Decision:
        """Decide a problem within so many seconds; what nobody could decide is unknown."""
        decision = presolve(problem)
        if decision is not None:
            return decision
        try:
            return await self._solver.decide(problem, budget=budget)
        except PoolError:  # no solver is installed
            return Decision(Answer.UNKNOWN, "none", reason="expert-missing")


def logic_expert(solver: Solver, *, timeout: float = 30.0) -> Expert:
    """Return the expert that proves or refutes conditions.

    Args:
        solver: For what is not easy.
        timeout: Seconds.
    """

    def judge(question: Question) -> Awaitable[Finding]:
        return logic.judge(question.intent, solver, question.budget)

    return Expert(
        name="logic",
        judge=judge,
        handles=frozenset({Feature.CONDITIONS}),
        timeout=timeout,
        mandatory=True,
    )


def conservation_expert(conservation: Conservation) -> Expert:
    """Return the expert that watches over money."""
    return conservation.expert()
