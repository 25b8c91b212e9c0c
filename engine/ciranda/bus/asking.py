"""How a request is answered: compiled once for each request type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import anyio

from ciranda.bus.implementation import Implementation
from ciranda.errors import UnansweredError
from ciranda.layer import Layer, Next, onion

__all__ = ["Ask", "compile_ask", "compile_gather"]

Ask = Callable[[Any], Awaitable[Any]]


def compile_ask(kind: type, implementations: Sequence[Implementation], layers: list[Layer]) -> Ask:
    """Return a function that takes the first answer that is not None.

    Implementations are asked one after another, within `layers`, the first outermost.
    """
    parts = tuple((one.call, one.is_async, one) for one in implementations)

    async def ask(request: Any) -> Any:
        asked = None
        try:
            for call, is_async, one in parts:
                asked = one
                answer = await call(request) if is_async else call(request)
                if answer is not None:
                    return answer
        except Exception as error:
            _note(error, asked)
            raise
        raise UnansweredError(_unanswered(kind, implementations))

    # To a layer around a request, the request is what a call is to a layer around a step.
    return onion(layers, cast(Next, ask))


def compile_gather(implementations: Sequence[Implementation]) -> Ask:
    """Return a function that asks all at once and lists the answers in plugin order."""
    count = len(implementations)

    async def gather(request: Any) -> list[Any]:
        answers: list[Any] = [None] * count

        async def answer(index: int, one: Implementation) -> None:
            try:
                answers[index] = await one.call(request)
            except Exception as error:
                _note(error, one)
                raise

        async with anyio.create_task_group() as group:
            for index, one in enumerate(implementations):
                if one.is_async:
                    group.start_soon(answer, index, one, name=f"{one.plugin}.{one.name}")
            for index, one in enumerate(implementations):
                if not one.is_async:
                    answers[index] = _call(one, request)
        return [answer for answer in answers if answer is not None]

    return gather


def _call(one: Implementation, request: Any) -> Any:
    try:
        return one.call(request)
    except Exception as error:
        _note(error, one)
        raise


def _note(error: BaseException, one: Implementation | None) -> None:
    if one is not None:
        error.add_note(f"in plugin '{one.plugin}', hook implementation '{one.name}'")


def _unanswered(kind: type, implementations: Sequence[Implementation]) -> str:
    if not implementations:
        return f"nobody answers {kind.__name__}: no plugin in use implements its hook"
    asked = ", ".join(one.plugin for one in implementations)
    return f"nobody answered {kind.__name__}; asked: {asked}"
