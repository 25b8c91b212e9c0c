"""The engine's own answers to questions on the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ciranda.events import InvokeAction, Invoked
from ciranda.hooks import hookimpl

__all__ = ["Answering"]


class Answering:
    """A plugin that calls actions for others.

    Args:
        call: Calls an action by name.
    """

    def __init__(self, call: Callable[[str, Mapping[str, Any]], Awaitable[Any]]) -> None:
        self._call: Final = call

    @hookimpl(trylast=True)
    async def invoke_action(self, request: InvokeAction) -> Invoked:
        """Call the action."""
        return Invoked(output=await self._call(request.action, request.inputs))
