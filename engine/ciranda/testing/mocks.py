"""Actions that stand in for real ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ciranda.actions import Action
from ciranda.actions.binding import make_finish

__all__ = ["mock_action"]


def mock_action(name: str, answer: Any) -> Action:
    """Return an action that takes any inputs and gives `answer`.

    Args:
        name: Whose place it takes.
        answer: A function that is called with the step's inputs as keywords, sync or async; an
            exception to raise; an action as it is; anything else is the output.
    """
    if isinstance(answer, Action):
        return answer
    function = _function(answer)
    return Action(
        name=name,
        function=function,
        is_async=True,
        input_schema={"type": "object", "properties": {}, "additionalProperties": True},
        output_schema={},
        bind=dict,
        finish=make_finish(name, Any),
        doc=f"Stand in for {name}.",
    )


def _function(answer: Any) -> Callable[..., Any]:
    async def stand_in(**inputs: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        if not callable(answer):
            return answer
        result = answer(**inputs)
        return await result if inspect.isawaitable(result) else result

    return stand_in
