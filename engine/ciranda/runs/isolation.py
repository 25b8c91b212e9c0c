"""Running a coroutine inside a context of its own without a task of its own."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any

__all__ = ["in_context"]


@types.coroutine
def in_context(context: Context, coroutine: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
    """Await `coroutine` with `context` as its context variables.

    A task each would do the same at five times the cost.
    """
    step, argument = coroutine.send, None
    while True:
        try:
            awaited = context.run(step, argument)
        except StopIteration:
            return
        try:
            argument, step = (yield awaited), coroutine.send
        except BaseException as error:  # handed on, cancellation too
            argument, step = error, coroutine.throw
