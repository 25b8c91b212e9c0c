"""What tests of goals use: a decomposer that answers as it was told to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from .decomposing import Analysis, Assignment, Complexity, Decomposer, Decomposition

__all__ = ["RecordedDecomposer"]


@final
class RecordedDecomposer:
    """Answers goals with what was recorded for their text, and keeps what it was asked.

    Args:
        answers: By the text of a goal: a decomposition, tasks as a plan file holds them, an
            exception to raise, or None to leave the goal to others. Other goals are left, too.
        name: What the decomposer is called.
        simple: Whether it is asked for goals of one part, too.

    Example:
        ```python
        recorded = RecordedDecomposer({"Ship it": [{"id": "build"}, {"id": "ship"}]})
        planner = GoalPlanner([recorded.decomposer])
        ```
    """

    def __init__(
        self,
        answers: Mapping[str, Any],
        *,
        name: str = "recorded",
        simple: bool = True,
    ) -> None:
        self._answers: Final = dict(answers)
        self.asked: Final[list[Assignment]] = []
        self.decomposer: Final = Decomposer(
            name=name, decompose=self._decompose, complexity=_always if simple else None
        )

    async def _decompose(self, assignment: Assignment) -> Decomposition | None:
        self.asked.append(assignment)
        answer = self._answers.get(assignment.goal.text)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, list | tuple):
            return Decomposition(tasks=answer)
        return answer


def _always(analysis: Analysis) -> Complexity:
    """Find every goal worth the question."""
    return Complexity(float(analysis.parts), split=True, reason="recorded")
