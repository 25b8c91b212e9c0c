"""From the inputs of a call to the arguments of a function: types, context, resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from ciranda.actions import Action, Resource, Scope
from ciranda.context import Context
from ciranda.layer import Call, Next

__all__ = ["Arguments", "Shelf"]

Gather = Callable[[Call], Awaitable[dict[str, Any]]]


class Shelf(Protocol):
    """Where open resources are kept."""

    async def get(self, resource: Resource, ctx: Context) -> Any:
        """Return what a resource yields, opening it if nobody did."""
        ...

    async def close(self, scope: Scope, holder: str = "") -> None:
        """Leave the resources of a scope."""
        ...


class Arguments:
    """Makes the arguments of actions.

    Args:
        shelf: Holds what they share.
        elsewhere: Leaves what is open for a run in other processes.
    """

    def __init__(
        self, shelf: Shelf, elsewhere: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._shelf: Final = shelf
        self._elsewhere: Final = elsewhere

    def gatherer(self, action: Action) -> Gather:
        """Return what makes the arguments of `action` from a call."""
        bind, wanted = action.bind, action.wants_context
        resources = tuple(action.resources.items())

        async def gather(call: Call) -> dict[str, Any]:
            arguments = bind(call.arguments)
            if wanted is None and not resources:
                return arguments
            arguments = dict(arguments)
            if wanted is not None:
                arguments[wanted] = call.ctx
            for name, resource in resources:
                arguments[name] = await self._shelf.get(resource, call.ctx)
            return arguments

        return gather

    def around(self, action: Action, core: Next) -> Next:
        """Return `core`, followed by the end of the resources that live as long as a step."""
        if not any(one.scope is Scope.STEP for one in action.resources.values()):
            return core

        async def call_and_close(call: Call) -> Any:
            try:
                return await core(call)
            finally:
                await self._shelf.close(Scope.STEP, f"{call.ctx.run.id}:{call.path}")

        return call_and_close

    async def leave(self, run: str) -> None:
        """Leave the resources that lived as long as a run."""
        try:
            await self._shelf.close(Scope.RUN, run)
        finally:
            if self._elsewhere is not None:
                await self._elsewhere(run)
