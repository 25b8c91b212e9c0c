"""Where quick and asynchronous actions run: in the event loop itself."""

from __future__ import annotations

from typing import Any, Final

from ciranda.actions import Action
from ciranda.executors.arguments import Arguments
from ciranda.layer import Call, Next

__all__ = ["InlineExecutor"]


class InlineExecutor:
    """Calls actions in the event loop."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments: Final = arguments

    def core(self, action: Action) -> Next:
        """Return what calls `action`; `async`, whatever the action is."""
        function, bind, finish = action.function, action.bind, action.finish
        if not action.is_async:
            gather = self._arguments.gatherer(action)

            async def call_sync(call: Call) -> Any:
                return finish(function(**await gather(call)))

            return call_sync
        if action.wants_context is None and not action.resources:

            async def call_plain(call: Call) -> Any:  # the way most steps go: nothing to gather
                return finish(await function(**bind(call.arguments)))

            return call_plain
        gather = self._arguments.gatherer(action)

        async def call_async(call: Call) -> Any:
            return finish(await function(**await gather(call)))

        return call_async
